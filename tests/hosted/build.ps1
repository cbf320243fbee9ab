# Builds tests/wine/guest/leakydrv.sys and work.exe into the folder lab, for this machine's processor.
# On x64 it uses MinGW's gcc and its driver headers. On Arm it builds the driver with Microsoft's compiler and the Windows Driver
# Kit, because the image's gcc only makes x64 programs. work.exe is such a program there too: Windows emulates x64.
. "$PSScriptRoot\common.ps1"

$null = New-Item -ItemType Directory -Force lab
$guest = 'tests\wine\guest'
Assert-Exit 0 { gcc -std=gnu17 -O2 -s -o lab\work.exe "$guest\work.c" -lshlwapi }

if ($env:PROCESSOR_ARCHITECTURE -ne 'ARM64') {
  $ddk = Join-Path (Split-Path (Split-Path (Get-Command gcc).Source)) 'x86_64-w64-mingw32\include\ddk'
  $driver = '-shared', '-nostdlib', '-Wl,--subsystem,native', '-Wl,-e,DriverEntry'
  Assert-Exit 0 {
    gcc -std=gnu17 -O2 -s -Wno-multichar "-I$ddk" @driver -o lab\leakydrv.sys "$guest\leakydrv.c" -lntoskrnl
  }
  exit 0
}

$vswhere = "${env:ProgramFiles(x86)}\Microsoft Visual Studio\Installer\vswhere.exe"
$studio = & $vswhere -latest -products * -property installationPath
$kits = "${env:ProgramFiles(x86)}\Windows Kits\10"
$header = Get-ChildItem "$kits\Include\*\km\ntddk.h" | Sort-Object FullName | Select-Object -Last 1
if (-not $header) { throw 'no ntddk.h: this image has no Windows Driver Kit' }
$km = $header.DirectoryName
$library = $km -replace '\\Include\\', '\Lib\'
@"
@call "$studio\VC\Auxiliary\Build\vcvarsall.bat" arm64 || exit /b 1
cl /nologo /c /O2 /GS- /kernel /D_ARM64_ /DARM64 /D_WIN64 /I"$km" /I"$km\..\shared" /Folab\leakydrv.obj $guest\leakydrv.c || exit /b 1
link /nologo /driver /subsystem:native /entry:DriverEntry /nodefaultlib /out:lab\leakydrv.sys lab\leakydrv.obj "$library\arm64\ntoskrnl.lib"
"@ | Set-Content lab\build.cmd
Assert-Exit 0 { cmd.exe /d /c lab\build.cmd }
exit 0
