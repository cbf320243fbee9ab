# verifier.ps1 POOLGATE: compares poolgate's counts with those of Driver Verifier's pool tracking, for a driver that is not loaded yet.
# Nothing restarts: "Using Volatile Settings" (learn.microsoft.com/windows-hardware/drivers/devtest/using-volatile-settings)
# lists pool tracking (0x8) among the volatile flags of Windows 10, but no longer of Windows 11, so this is for Server 2022.
# The driver must stay loaded afterwards: Driver Verifier stops the machine when a leaking driver is unloaded.
param([string]$Poolgate)
. "$PSScriptRoot\common.ps1"

Assert-Exit 0 { verifier.exe /volatile /flags 0x8 /adddriver leakydrv.sys }
Remove-Item -Force -ErrorAction SilentlyContinue lab\unverified.txt, lab\verified.txt
Assert-Exit 0 { & $Poolgate mon -b -n lab\unverified.txt }
Assert-Exit 0 { sc.exe start leakydrv }
Assert-Exit 0 { lab\work.exe 50 }
Assert-Exit 0 { & $Poolgate mon -b -n lab\verified.txt }
verifier.exe /query | Tee-Object lab\query.txt

# poolgate reads this list as a log, with a row for each pool of a driver.
$rows = & $Poolgate export --csv --stages lab\query.txt | ConvertFrom-Csv
$rows | Format-Table
$tracked = @($rows | Where-Object { $_.tag -eq 'leakydrv.sys nonpaged' })
Assert-Equal $tracked.Count 1 'lists of leakydrv.sys'
$grown = (Read-Snapshot lab\verified.txt)['Leak Nonp'].Diff - (Read-Snapshot lab\unverified.txt)['Leak Nonp'].Diff
Assert-Equal $grown 10 'what poolgate saw grow'
Assert-Equal ([int64]$tracked[0].allocs) $grown 'what Driver Verifier tracks'
exit 0
