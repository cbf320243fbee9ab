@echo off
rem An iteration of crash.yaml: ten requests, two of them with a leak. The sixth iteration unloads the driver, and Driver Verifier
rem stops the machine, because tracked memory was not freed: bug check 0xC4, parameter 0x62 ("Pool Tracking").
work.exe 10
if errorlevel 1 exit /b 1
>>iterations.txt echo iteration
for /f %%N in ('find /c "iteration" ^<iterations.txt') do if %%N geq 6 sc stop leakydrv
