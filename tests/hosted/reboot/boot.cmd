@echo off
rem Runs at each start of the guest, as LocalSystem. errand.cmd on the other disk sets SCENARIO, the scenario's name, and EVERY,
rem how often the driver leaks. This script begins or resumes the run and prints the results on COM1, for the host; story.ps1
rem prints the run's log on COM2. When the run is over it copies the reports to that disk and powers off. It writes nothing
rem else there, because a power cut could break its FAT.
rem cmd.exe would take a number just before > for a handle, so > comes first.
setlocal
cd /d "%~dp0"
if not defined PORT set PORT=COM1
set LAB=
for /l %%I in (1,1,30) do if not defined LAB call :look
if not defined LAB exit /b 0
call %LAB%\errand.cmd
mode COM1 BAUD=115200 PARITY=N DATA=8 >nul 2>nul
>%PORT% echo boot
start "" /b powershell.exe -NoProfile -ExecutionPolicy Bypass -File story.ps1 >story.txt 2>&1

set RUN=
for /d %%R in (reports\*) do set "RUN=%%~nxR"
if not defined RUN goto begin
call :done
if not errorlevel 1 goto wait
sc query poolgate-resume >nul 2>nul
if not errorlevel 1 goto wait
rem The power was cut before poolgate created the service, so only `resume` continues the run.
>%PORT% echo resume
poolgate.exe resume --reports reports >resume.txt 2>&1
goto ended

:begin
reg add HKLM\SYSTEM\CurrentControlSet\Services\leakydrv /v LeakEvery /t REG_DWORD /d %EVERY% /f
>%PORT% echo begin
call :flag before
verifier /querysettings >before.txt
poolgate.exe run %SCENARIO%.yaml --allow-reboot --reports reports >run.txt 2>&1
goto ended

:wait
>%PORT% echo wait
poolgate.exe wait "%RUN%" --reports reports >wait.txt 2>&1

:ended
set CODE=%ERRORLEVEL%
for /d %%R in (reports\*) do set "RUN=%%~nxR"
call :done
if not errorlevel 1 goto over
rem The machine is probably shutting down and has ended poolgate first. It then ends this script during the wait.
ping -n 31 127.0.0.1 >nul

:over
>%PORT% echo code %CODE%
call :flag after
rem Windows removes the service when it ends, shortly after the run.
ping -n 6 127.0.0.1 >nul
sc query poolgate-resume >nul 2>nul
>%PORT% echo service %ERRORLEVEL%
verifier /querysettings >after.txt
wevtutil qe System "/q:*[System[EventID=1074]]" /f:text >restarts.txt
wevtutil qe Application "/q:*[System[Provider[@Name='poolgate']]]" /f:text >events.txt
copy /y *.txt %LAB%\ >nul
xcopy /e /i /q /y reports %LAB%\reports >nul
>%PORT% echo over
shutdown /s /t 0
exit /b 0

:look
for %%D in (D E F G H) do if exist %%D:\errand.cmd set LAB=%%D:
if not defined LAB ping -n 2 127.0.0.1 >nul
exit /b 0

:done
find "phase done" "%ProgramData%\poolgate\%RUN%\run.log" >nul 2>nul
if not errorlevel 1 exit /b 0
find "phase done" "reports\%RUN%\run.log" >nul 2>nul
exit /b %ERRORLEVEL%

:flag
set FLAG=absent
reg query "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager" /v GlobalFlag >flag.txt 2>nul
for /f "tokens=1-3" %%S in (flag.txt) do if "%%S"=="GlobalFlag" set "FLAG=%%T %%U"
>%PORT% echo flag %1 %FLAG%
exit /b 0
