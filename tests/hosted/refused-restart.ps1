# refused-restart.ps1 POOLGATE: Windows refuses the restart of a run, and poolgate restores the settings.
# poolgate runs as LocalSystem, in a service whose required privileges leave out SeShutdownPrivilege: "the SCM will remove the
# privileges that are not required from the process token" (learn.microsoft.com, SERVICE_REQUIRED_PRIVILEGES_INFOW). cmd.exe
# does not answer as a service and would be ended, so it starts another process with the same token, and exits.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

$folder = "$env:ProgramFiles\poolgate"
$null = New-Item -ItemType Directory -Force $folder
Copy-Item $Poolgate "$folder\poolgate.exe"
Copy-Item "$PSScriptRoot\reboots.yaml", "$PSScriptRoot\refused-restart.cmd" $folder
Assert-Exit 0 { icacls.exe $folder /setowner '*S-1-5-32-544' /t /q }

$original = Get-GlobalFlag
"GlobalFlag at first: $original"
$since = [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.000Z')

$start = "start `"`" /b cmd.exe /d /c `"$folder\refused-restart.cmd`""
$null = New-Service -Name refused -StartupType Manual -BinaryPathName "$env:SystemRoot\System32\cmd.exe /d /c $start"
$privileges = 'SeImpersonatePrivilege', 'SeDebugPrivilege', 'SeProfileSingleProcessPrivilege', 'SeIncreaseQuotaPrivilege'
Assert-Exit 0 { sc.exe privs refused ($privileges -join '/') }
Assert-Exit 0 { sc.exe qprivs refused }
# Error 1053, because cmd.exe does not answer as a service.
sc.exe start refused

$deadline = (Get-Date).AddMinutes(5)
while (-not (Test-Path "$folder\code.txt") -and (Get-Date) -lt $deadline) { Start-Sleep -Seconds 1 }
Assert-Exit 0 { sc.exe delete refused }
if (-not (Test-Path "$folder\code.txt")) { throw 'poolgate does not end, or never began' }
Get-Content "$folder\privileges.txt", "$folder\printed.txt"

$held = Get-Content "$folder\privileges.txt" -Raw
if ($held -match 'SeShutdownPrivilege') { throw 'the service has SeShutdownPrivilege' }
if ($held -notmatch 'SeDebugPrivilege') { throw 'the service has no SeDebugPrivilege: its token is another one' }
$code = (Get-Content "$folder\code.txt" -Raw).Trim()
Assert-Equal $code '3' 'the exit code'

$run = @(Get-Item "$folder\reports\reboots-*")
Assert-Equal $run.Count 1 'runs'
$story = Get-Content "$($run[0].FullName)\run.log" -Raw
$story
# In this order: the flag was written, the restart was refused, the flag was restored.
if ($story -notmatch '(?s)phase arm.*\\GlobalFlag: set to "dword:.*trouble: cannot restart the machine.*\\GlobalFlag: ') {
  throw 'the run went another way'
}
Assert-Equal (Get-GlobalFlag) $original 'GlobalFlag as it was'

# Only administrators and SYSTEM can access the folder with the states of runs.
$rights = icacls.exe "$env:ProgramData\poolgate" | Where-Object { $_ -match ':\(' }
$rights
$both = @($rights -match '(BUILTIN\\Administrators|NT AUTHORITY\\SYSTEM):\(OI\)\(CI\)\(F\)')
Assert-Equal $both.Count 2 'entries for both'
Assert-Equal (@($rights).Count) 2 'entries'

# Event 7045 of the service manager shows that the service was created. It must be removed by now.
$made = "*[System[Provider[@Name='Service Control Manager'] and EventID=7045 and TimeCreated[@SystemTime>='$since']]" +
  " and EventData[Data[@Name='ServiceName']='poolgate-resume']]"
$events = wevtutil.exe qe System "/q:$made" /f:text
$events
if (-not ($events -match 'poolgate-resume')) { throw 'no event 7045: the service poolgate-resume was never made' }
sc.exe query poolgate-resume
Assert-Equal $LASTEXITCODE 1060 'sc query poolgate-resume'
exit 0
