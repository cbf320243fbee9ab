# ordinary-user.ps1 POOLGATE: account.ps1 for a new user. Tasks need the right to log on as a batch job; on servers the
# group Performance Log Users has it ("Log on as a batch job", learn.microsoft.com/previous-versions/windows/it-pro/windows-10/
# security/threat-protection/security-policy-settings/log-on-as-a-batch-job), without administrator rights.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

# net.exe asks for confirmation of a password with more than 14 characters.
$password = 'Aa1!' + [guid]::NewGuid().ToString('n').Substring(0, 10)
Assert-Exit 0 { net.exe user ordinary $password /add }
Assert-Exit 0 { net.exe localgroup 'Performance Log Users' ordinary /add }
& "$PSScriptRoot\account.ps1" $Poolgate "$env:COMPUTERNAME\ordinary" $password
exit 0
