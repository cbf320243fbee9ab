@echo off
rem What the service of refused-restart.ps1 runs. A number just before > would be taken for a handle, so > comes first.
cd /d "%~dp0"
whoami /priv >privileges.txt
poolgate.exe run reboots.yaml --allow-reboot --reports reports >printed.txt 2>&1
>code.txt echo %ERRORLEVEL%
