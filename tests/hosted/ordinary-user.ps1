# ordinary-user.ps1 POOLGATE: account.ps1 for a user made here. What tasks need, the right to log on as a batch job, the group
# Performance Log Users has on servers ("Log on as a batch job", learn.microsoft.com/previous-versions/windows/it-pro/windows-10/
# security/threat-protection/security-policy-settings/log-on-as-a-batch-job), and no rights of an administrator.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

# net.exe asks whether more than 14 characters are meant.
$password = 'Aa1!' + [guid]::NewGuid().ToString('n').Substring(0, 10)
Assert-Exit 0 { net.exe user ordinary $password /add }
Assert-Exit 0 { net.exe localgroup 'Performance Log Users' ordinary /add }
& "$PSScriptRoot\account.ps1" $Poolgate "$env:COMPUTERNAME\ordinary" $password
exit 0
