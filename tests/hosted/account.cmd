@echo off
rem Run by account.ps1 as an account without administrator rights. cmd.exe would take a number just before > for a
rem handle, so > comes first.
cd /d "%~dp0"
whoami >who.txt
poolgate.exe doctor >doctor.txt 2>&1
poolgate.exe flags /r >flags.txt 2>&1
>codes.txt echo flags %ERRORLEVEL%
poolgate.exe flags /r +kst >set.txt 2>&1
>>codes.txt echo set %ERRORLEVEL%
poolgate.exe run reboots.yaml --allow-reboot --reports reboots >reboots.txt 2>&1
>>codes.txt echo reboots %ERRORLEVEL%
poolgate.exe run smoke.yaml --reports smoke >smoke.txt 2>&1
>>codes.txt echo smoke %ERRORLEVEL%
dir "%ProgramData%\poolgate" >state.txt 2>&1
>>codes.txt echo look %ERRORLEVEL%
copy who.txt "%ProgramData%\poolgate" >>state.txt 2>&1
>>codes.txt echo write %ERRORLEVEL%
>>codes.txt echo end
