# held.ps1 POOLGATE: the thresholds hold for the driver if it is set to leak nothing.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

Assert-Exit 0 { & $Poolgate run lab\leakydrv.yaml --reports clean }
Assert-Equal (Read-Report clean).outcome 'held' 'the outcome'
exit 0
