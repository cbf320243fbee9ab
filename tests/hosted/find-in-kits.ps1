# find-in-kits.ps1 NAME OUTPUT: names the program NAME of the Windows kits as the step's output OUTPUT; empty where the image has
# none. The steps that need the program are skipped then, and seen to be.
param([string]$Name, [string]$Output)
. "$PSScriptRoot\common.ps1"

$found = Find-InKits $Name
if (-not $found) { "::warning::this image has no $Name" }
"$Output=$found" | Tee-Object -Append $env:GITHUB_OUTPUT
exit 0
