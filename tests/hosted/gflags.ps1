# gflags.ps1 POOLGATE GFLAGS: `poolgate flags /r` prints the same as gflags.exe, with flags and without.
param([string]$Poolgate, [string]$Gflags)
. "$PSScriptRoot\common.ps1"

$original = Get-GlobalFlag
"GlobalFlag at first: $original"
try {
  foreach ($flag in '+kst', '+soe', '-kst') {
    Assert-Exit 0 { & $Poolgate flags /r $flag }
    $ours = @(& $Poolgate flags /r | ForEach-Object { $_.TrimEnd() } | Where-Object { $_ })
    # Its exit code is not documented.
    $theirs = @(& $Gflags /r | ForEach-Object { "$_".TrimEnd() } | Where-Object { $_ })
    'poolgate:', $ours, 'gflags:', $theirs
    if (Compare-Object $ours $theirs -CaseSensitive) { throw "they differ after $flag" }
  }
} finally {
  Restore-GlobalFlag $Poolgate $original
}
exit 0
