# totals.ps1 POOLGATE: poolgate's totals of the pools agree with the performance counters (Memory, Pool Nonpaged Bytes and Pool
# Paged Bytes) within a tenth, because both change all the time.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

Remove-Item -Force -ErrorAction SilentlyContinue lab\totals.txt
Assert-Exit 0 { & $Poolgate mon -b -n lab\totals.txt }
$memory = Get-CimInstance Win32_PerfRawData_PerfOS_Memory
$header = (Get-Content lab\totals.txt -TotalCount 2)[1]
$header
if ($header -cnotmatch 'Pool N:\s*(\d+)K P:\s*(\d+)K') { throw 'the header has no totals' }
foreach ($pool in @(
    @{ Name = 'nonpaged'; Ours = 1KB * [uint64]$Matches[1]; Theirs = $memory.PoolNonpagedBytes }
    @{ Name = 'paged'; Ours = 1KB * [uint64]$Matches[2]; Theirs = $memory.PoolPagedBytes })) {
  "$($pool.Name): $($pool.Ours), by the performance counter $($pool.Theirs)"
  if ([Math]::Abs($pool.Ours / $pool.Theirs - 1) -gt 0.1) { throw "$($pool.Name) differs by more than a tenth" }
}
exit 0
