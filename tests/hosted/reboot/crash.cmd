@echo off
rem An iteration of crash.yaml: ten requests, of which two leak. In the sixth the driver is unloaded, and Driver Verifier stops the
rem machine, since what it tracks was not freed: bug check 0xC4, parameter 0x62 ("Pool Tracking").
work.exe 10
if errorlevel 1 exit /b 1
>>iterations.txt echo iteration
for /f %%N in ('find /c "iteration" ^<iterations.txt') do if %%N geq 6 sc stop leakydrv
