# flags.ps1 POOLGATE: `poolgate flags /r` sets, removes and restores GlobalFlag, and reg.exe agrees at each step. The kernel's own
# flag and all other bits stay unchanged. Nothing restarts, so no change takes effect.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

$original = Get-GlobalFlag
"GlobalFlag at first: $original"
$running = & $Poolgate flags /k
try {
  Assert-Exit 0 { & $Poolgate flags /r --remove }
  Assert-Equal (Get-GlobalFlag) 'absent' 'removed'
  Assert-Exit 0 { & $Poolgate flags /r --dry-run +kst }
  Assert-Equal (Get-GlobalFlag) 'absent' 'after a dry run'
  Assert-Exit 0 { & $Poolgate flags /r +kst }
  Assert-Equal (Get-GlobalFlag) 'REG_DWORD 0x2000' 'with kst'
  Assert-Exit 0 { & $Poolgate flags /r +soe }
  Assert-Equal (Get-GlobalFlag) 'REG_DWORD 0x2001' 'with soe too'
  Assert-Exit 0 { & $Poolgate flags /r -kst -soe }
  Assert-Equal (Get-GlobalFlag) 'REG_DWORD 0x0' 'without both'
  Assert-Exit 0 { & $Poolgate flags /r --remove }
  Assert-Equal (Get-GlobalFlag) 'absent' 'absent again'
  # Pool tagging is always on since Windows Server 2003, so nothing changes.
  Assert-Exit 0 { & $Poolgate flags /r +ptg }
  Assert-Equal (Get-GlobalFlag) 'absent' 'after +ptg'
} finally {
  Restore-GlobalFlag $Poolgate $original
}
Assert-Equal "$(& $Poolgate flags /k)" "$running" 'the running kernel'
exit 0
