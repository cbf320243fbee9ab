# find-in-kits.ps1 NAME OUTPUT: writes the path of the program NAME in the Windows kits to the step's output OUTPUT; empty if the
# image has none. The workflow then shows the steps that need the program as skipped.
param([string]$Name, [string]$Output)
. "$PSScriptRoot\common.ps1"

$found = Find-InKits $Name
if (-not $found) { "::warning::this image has no $Name" }
"$Output=$found" | Tee-Object -Append $env:GITHUB_OUTPUT
exit 0
