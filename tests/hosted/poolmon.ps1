# poolmon.ps1 POOLGATE POOLMON: compares `poolgate mon -b -n` with PoolMon: the same tags, and consistent figures.
# PoolMon's snapshot is taken between two of poolgate's. Allocs and Frees only grow, so PoolMon's must lie between those two.
param([string]$Poolgate, [string]$PoolMon)
. "$PSScriptRoot\common.ps1"

Remove-Item -Force -ErrorAction SilentlyContinue lab\before.txt, lab\poolmon.txt, lab\after.txt
Assert-Exit 0 { & $Poolgate mon -b -n lab\before.txt }
# Its exit code is not documented, so only its output counts.
& $PoolMon -b -n lab\poolmon.txt
Assert-Exit 0 { & $Poolgate mon -b -n lab\after.txt }

$before, $theirs, $after = (Read-Snapshot lab\before.txt), (Read-Snapshot lab\poolmon.txt), (Read-Snapshot lab\after.txt)
"rows: $($before.Count) before, $($theirs.Count) of PoolMon, $($after.Count) after"
$wrong = @(foreach ($key in $theirs.Keys) {
  $row = $theirs[$key]
  if (-not $after.ContainsKey($key)) { "${key}: only PoolMon has it"; continue }
  $last = $after[$key]
  $first = if ($before.ContainsKey($key)) { $before[$key] } else { [pscustomobject]@{ Allocs = 0; Frees = 0 } }
  foreach ($count in 'Allocs', 'Frees') {
    # A 32-bit counter that wrapped between the snapshots cannot be compared.
    if ($first.$count -gt $last.$count) { continue }
    if ($row.$count -lt $first.$count -or $row.$count -gt $last.$count) {
      "${key}: $count $($first.$count), of PoolMon $($row.$count), then $($last.$count)"
    }
  }
})
$wrong += @(foreach ($key in $before.Keys) {
  $used = $before[$key].Allocs -gt 0 -and $after.ContainsKey($key)
  if ($used -and -not $theirs.ContainsKey($key)) { "${key}: PoolMon does not have it" }
})
# If a tag's counts did not change, its bytes must be equal too.
$wrong += @(foreach ($key in $theirs.Keys) {
  if (-not ($before.ContainsKey($key) -and $after.ContainsKey($key))) { continue }
  $still = $before[$key].Allocs -eq $after[$key].Allocs -and $before[$key].Frees -eq $after[$key].Frees
  if ($still -and $theirs[$key].Bytes -ne $after[$key].Bytes) {
    "${key}: $($after[$key].Bytes) bytes, of PoolMon $($theirs[$key].Bytes)"
  }
})
$wrong
if ($wrong.Count -gt 0) { throw "$($wrong.Count) rows differ" }
exit 0
