# leak.ps1 POOLGATE: poolgate finds the leak of the driver, set to leak at every fifth request, with the true rate.
# An iteration makes ten requests (tests/wine/leakydrv.yaml), and two of them leak an object of 2048 bytes. The kernel's overhead
# makes each object slightly larger.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

(Get-Content tests\wine\leakydrv.yaml) -creplace 'TAG', 'Leak' | Set-Content lab\leakydrv.yaml
Assert-Exit 1 { & $Poolgate run lab\leakydrv.yaml --reports leaky }
$report = Read-Report leaky
Assert-Equal $report.outcome 'broken' 'the outcome'

$leak = @($report.tags | Where-Object { $_.tag -ceq 'Leak' -and $_.pool -eq 'nonpaged' })[0]
$objects, $bytes = $leak.evidence.objects_per_iteration, $leak.evidence.bytes_per_iteration
"objects an iteration: $($objects.rate), from $($objects.low) to $($objects.high)"
"bytes an iteration: $($bytes.rate), from $($bytes.low) to $($bytes.high)"
if (2 -lt $objects.low -or 2 -gt $objects.high) { throw '2 objects an iteration are outside of the interval' }
if ($bytes.rate -lt 4096 -or $bytes.rate -gt 4608) { throw "$($bytes.rate) bytes an iteration" }

# The build as shown by winver.exe.
$version = Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$build = "$($version.CurrentBuildNumber).$($version.UBR)"
"report.json: $($report.host.system); the registry: $build $($version.DisplayVersion)"
if (-not "$($report.host.system)".Contains($build)) { throw "the report has another build than $build" }
exit 0
