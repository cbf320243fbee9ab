# Tells on COM2 what run.log tells, as it is written. During a run it is with the run's state, afterwards with the reports.
$port = New-Object System.IO.Ports.SerialPort COM2, 115200
$port.Open()
$told = @{}
while ($true) {
  foreach ($log in Get-Item "$env:ProgramData\poolgate\*\run.log", "$PSScriptRoot\reports\*\run.log" -ErrorAction SilentlyContinue) {
    try {
      $file = [System.IO.File]::Open($log.FullName, 'Open', 'Read', 'ReadWrite, Delete')
    } catch {
      # It has just moved.
      continue
    }
    $null = $file.Seek([long]$told[$log.FullName], 'Begin')
    $text = (New-Object System.IO.StreamReader $file).ReadToEnd()
    $told[$log.FullName] = $file.Position
    $file.Dispose()
    $port.Write($text)
  }
  Start-Sleep -Milliseconds 20
}
