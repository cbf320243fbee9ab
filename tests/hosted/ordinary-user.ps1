# ordinary-user.ps1 POOLGATE: account.ps1 for a user made here. What tasks need, the right to log on as a batch job, the group
# Performance Log Users has on servers ("Log on as a batch job", learn.microsoft.com/previous-versions/windows/it-pro/windows-10/
# security/threat-protection/security-policy-settings/log-on-as-a-batch-job), and no rights of an administrator.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

$password = "$([guid]::NewGuid())aA1!"
$null = New-LocalUser -Name ordinary -Password (ConvertTo-SecureString $password -AsPlainText -Force)
Add-LocalGroupMember -SID S-1-5-32-545 -Member ordinary
Add-LocalGroupMember -SID S-1-5-32-559 -Member ordinary
& "$PSScriptRoot\account.ps1" $Poolgate "$env:COMPUTERNAME\ordinary" $password
exit 0
