# Functions for the scripts of this folder. They need PowerShell 7 on a hosted Windows, elevated, in the repository's folder.
# Each script ends with `exit 0`, because GitHub's shell otherwise uses the exit code of the last program for the step.
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3.0

$SessionManager = 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager'

# Runs a command. Fails if the exit code of its last program is not $Expected.
function Assert-Exit([int]$Expected, [scriptblock]$Command) {
  & $Command
  if ($LASTEXITCODE -ne $Expected) { throw "exit code $LASTEXITCODE, and $Expected is right: $Command" }
}

function Assert-Equal($Found, $Expected, [string]$What) {
  "${What}: $Found"
  if ($Found -cne $Expected) { throw "$What is $Found, and $Expected is right" }
}

# GlobalFlag as reg.exe prints it, such as `REG_DWORD 0x2000`; `absent` without the value.
function Get-GlobalFlag {
  $lines = reg.exe query $SessionManager /v GlobalFlag 2>$null
  if ($LASTEXITCODE -ne 0) { return 'absent' }
  $value = $lines | Select-String '^\s+GlobalFlag\s+(REG_\w+)\s+(\S+)'
  "$($value.Matches[0].Groups[1].Value) $($value.Matches[0].Groups[2].Value)"
}

# GlobalFlag as `poolgate flags` writes it by hand: a REG_DWORD, or no value.
function Restore-GlobalFlag([string]$Poolgate, [string]$To) {
  if ($To -eq 'absent') { & $Poolgate flags /r --remove } else {
    & $Poolgate flags /r --set ('dword:{0:x8}' -f [uint32]($To -replace '^REG_DWORD '))
  }
  Assert-Equal (Get-GlobalFlag) $To 'GlobalFlag as it was'
}

# Returns the rows of a snapshot of PoolMon or poolgate: a dictionary from `Proc Nonp` to Allocs, Frees, Diff and Bytes. Case
# matters in tags. Tags with bytes other than printable ASCII are left out, because each program shows them in its own way.
function Read-Snapshot([string]$File) {
  $rows = [System.Collections.Generic.Dictionary[string, object]]::new([System.StringComparer]::Ordinal)
  foreach ($line in Get-Content -LiteralPath $File) {
    if ($line -cmatch '^ ([ -~]{4}) (Nonp|Paged)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\d+)\s+(\d+)\s*$') {
      $rows["$($Matches[1]) $($Matches[2])"] = [pscustomobject]@{
        Allocs = [uint64]$Matches[3]; Frees = [uint64]$Matches[4]; Diff = [int64]$Matches[5]; Bytes = [uint64]$Matches[6]
      }
    }
  }
  if ($rows.Count -eq 0) { throw "no row in $File" }
  $rows
}

# The driver's own counts of the tag Leak in the nonpaged pool: Allocs and Frees since it was loaded.
function Get-DriverCounts {
  $line = & lab\work.exe tags | Where-Object { $_ -cmatch '^Leak paged \d+ \d+ \d+ nonpaged (\d+) (\d+) \d+$' }
  if (-not $line) { throw 'the driver counts no Leak' }
  $null = $line -cmatch 'nonpaged (\d+) (\d+)'
  [pscustomobject]@{ Allocs = [uint64]$Matches[1]; Frees = [uint64]$Matches[2] }
}

# The one report below a folder of reports.
function Read-Report([string]$Reports) {
  $file = @(Get-Item "$Reports\*\report.json")
  if ($file.Count -ne 1) { throw "$($file.Count) reports in $Reports, and 1 is right" }
  Get-Content -LiteralPath $file[0].FullName -Raw | ConvertFrom-Json
}

# Returns the path of a file below the Windows kits, such as poolmon.exe, for this processor; nothing if the image has none.
function Find-InKits([string]$Name) {
  $kits = "${env:ProgramFiles(x86)}\Windows Kits\10"
  $folder = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'x64' }
  Get-ChildItem -Path $kits -Recurse -Filter $Name -ErrorAction SilentlyContinue |
    Where-Object { $_.Directory.Name -eq $folder } | Select-Object -First 1 -ExpandProperty FullName
}
