@echo off
rem driver.cmd EVERY [FILE]: creates the service leakydrv for the driver FILE (lab\leakydrv.sys) if it does not exist, unloads the
rem driver if it is loaded, and sets it to leak at every EVERY-th request from its next start on; 0 means never.
setlocal
if "%~1"=="" exit /b 2
set "FILE=%~f2"
if "%~2"=="" set "FILE=%CD%\lab\leakydrv.sys"
sc query leakydrv >nul 2>nul
if errorlevel 1 (
  sc create leakydrv type= kernel start= demand binPath= "%FILE%"
  if errorlevel 1 exit /b 1
) else (
  sc stop leakydrv >nul 2>nul
)
reg add HKLM\SYSTEM\CurrentControlSet\Services\leakydrv /v LeakEvery /t REG_DWORD /d %1 /f
if errorlevel 1 exit /b 1
exit /b 0
