# Prints run.log on COM2 while it grows. During a run it is in the folder of the run's state, afterwards among the reports.
$port = New-Object System.IO.Ports.SerialPort COM2, 115200
$port.Open()
$read = @{}
while ($true) {
  foreach ($log in Get-Item "$env:ProgramData\poolgate\*\run.log", "$PSScriptRoot\reports\*\run.log" -ErrorAction SilentlyContinue) {
    try {
      $file = [System.IO.File]::Open($log.FullName, 'Open', 'Read', 'ReadWrite, Delete')
    } catch {
      # The file has just moved.
      continue
    }
    $null = $file.Seek([long]$read[$log.FullName], 'Begin')
    $text = (New-Object System.IO.StreamReader $file).ReadToEnd()
    $read[$log.FullName] = $file.Position
    $file.Dispose()
    $port.Write($text)
  }
  Start-Sleep -Milliseconds 20
}
