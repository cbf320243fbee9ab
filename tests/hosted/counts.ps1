# counts.ps1 POOLGATE: poolgate's counts equal the driver's own. Run it while the driver is loaded for the first time: after a
# reload the driver counts from zero, and the kernel does not.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

Remove-Item -Force -ErrorAction SilentlyContinue lab\counted.txt
Assert-Exit 0 { & $Poolgate mon -b -n lab\counted.txt }
$shown = (Read-Snapshot lab\counted.txt)['Leak Nonp']
$own = Get-DriverCounts
Assert-Equal $shown.Allocs $own.Allocs 'Allocs of Leak'
Assert-Equal $shown.Frees $own.Frees 'Frees of Leak'
if ($own.Allocs -eq $own.Frees) { throw 'the driver has leaked nothing' }
exit 0
