# account.ps1 POOLGATE ACCOUNT [PASSWORD]: an account without administrator rights runs poolgate in a task. It can watch and judge.
# poolgate refuses flags and restarts before it changes anything, and the account cannot read the states of runs that
# refused-restart.ps1 left. schtasks accepts the account name `NT AUTHORITY\NETWORKSERVICE`.
param([string]$Poolgate, [string]$Account, [string]$Password = '')
. "$PSScriptRoot\common.ps1"

$folder = "$env:SystemDrive\lab-$($Account -replace '\W')"
$null = New-Item -ItemType Directory -Force $folder
Copy-Item $Poolgate "$folder\poolgate.exe"
Copy-Item "$PSScriptRoot\reboots.yaml", "$PSScriptRoot\account.cmd", 'scenarios\windows\smoke.yaml' $folder
# The group Users, and NetworkService, because it is not a member of Users.
Assert-Exit 0 { icacls.exe $folder /grant '*S-1-5-32-545:(OI)(CI)M' '*S-1-5-20:(OI)(CI)M' /q }

$original = Get-GlobalFlag
$task = '/create', '/f', '/tn', 'poolgate-account', '/sc', 'once', '/st', '00:00', '/ru', $Account, '/tr', "$folder\account.cmd"
if ($Password) { $task += '/rp', $Password }
Assert-Exit 0 { schtasks.exe @task }
Assert-Exit 0 { schtasks.exe /run /tn poolgate-account }
$deadline = (Get-Date).AddMinutes(12)
do {
  Start-Sleep -Seconds 2
  $codes = @(Get-Content "$folder\codes.txt" -ErrorAction SilentlyContinue)
} until ($codes -contains 'end' -or (Get-Date) -gt $deadline)
schtasks.exe /query /tn poolgate-account /v /fo list
Assert-Exit 0 { schtasks.exe /delete /f /tn poolgate-account }
Get-ChildItem "$folder\*.txt" | ForEach-Object { "--- $($_.Name)"; Get-Content $_ }

if ($codes -notcontains 'end') { throw 'the task does not end, or never began' }
$expected = 'flags 0', 'set 3', 'reboots 3', 'smoke 0', 'look 1', 'write 1', 'end'
Assert-Equal ($codes -join ', ') ($expected -join ', ') 'the exit codes'
Assert-Equal (Get-GlobalFlag) $original 'GlobalFlag as it was'
$doctor = Get-Content "$folder\doctor.txt" -Raw
$name = (Get-Content "$folder\who.txt" -Raw).Trim() -replace '^.*\\'
if ($doctor -notmatch [regex]::Escape($name) -or $doctor -notmatch 'is not an administrator:') {
  throw "doctor does not call $name no administrator"
}
exit 0
