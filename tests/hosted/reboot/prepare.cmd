@echo off
rem Run once in the new Windows, by autounattend.xml: installs poolgate, its driver and boot.cmd, and powers off.
rem Only administrators can write to the folder, and its path has a space.
setlocal
if not defined PORT set PORT=COM1
if not defined FOLDER set "FOLDER=%ProgramFiles%\poolgate"
mode COM1 BAUD=115200 PARITY=N DATA=8 >nul 2>nul
md "%FOLDER%" || goto failed
for %%F in (poolgate.exe work.exe leakydrv.sys test.cer boot.cmd story.ps1 crash.cmd leak.yaml verified.yaml crash.yaml) do (
  copy /y "%~dp0%%F" "%FOLDER%" || goto failed
)
rem poolgate trusts files of the administrators; by default the user who created them may be the owner.
icacls "%FOLDER%" /setowner *S-1-5-32-544 /t /q || goto failed
certutil -f -addstore Root "%FOLDER%\test.cer" || goto failed
certutil -f -addstore TrustedPublisher "%FOLDER%\test.cer" || goto failed
bcdedit /set testsigning on || goto failed
rem After two failed boots Windows would start its recovery environment and wait for input ("BCDEdit /set").
bcdedit /set {current} recoveryenabled No || goto failed
bcdedit /set {current} bootstatuspolicy IgnoreAllFailures || goto failed
sc create leakydrv type= kernel start= demand binPath= "%FOLDER%\leakydrv.sys" || goto failed
rem A crash leaves %SystemRoot%\MEMORY.DMP, of the kernel alone, and restarts: "Varieties of Kernel-Mode Dump Files".
reg add HKLM\SYSTEM\CurrentControlSet\Control\CrashControl /v CrashDumpEnabled /t REG_DWORD /d 2 /f || goto failed
reg add HKLM\SYSTEM\CurrentControlSet\Control\CrashControl /v AutoReboot /t REG_DWORD /d 1 /f || goto failed
schtasks /create /f /tn poolgate-lab /sc onstart /ru SYSTEM /tr "\"%FOLDER%\boot.cmd\"" || goto failed
>%PORT% echo prepared
shutdown /s /t 0
exit /b 0

:failed
>%PORT% echo prepare.cmd failed
shutdown /s /t 0
exit /b 1
