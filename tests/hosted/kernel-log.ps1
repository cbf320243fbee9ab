# kernel-log.ps1 POOLGATE: kernel.log has the events of the System event log during a run, and none from before it.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

Assert-Exit 0 { eventcreate.exe /L SYSTEM /T ERROR /ID 1 /SO poolgate-test /D 'before the run' }
Assert-Exit 0 { & $Poolgate run "$PSScriptRoot\events.yaml" --reports events }
$log = @(Get-Item events\*\kernel.log)
Assert-Equal $log.Count 1 'files kernel.log'
$text = Get-Content -LiteralPath $log[0].FullName -Raw
$text
Assert-Equal ([regex]::Matches($text, 'during the run').Count) 3 'events of the run'
if ($text -match 'before the run') { throw 'kernel.log has an event from before the run' }
exit 0
