@echo off
rem Run by the service of refused-restart.ps1. cmd.exe would take a number just before > for a handle, so > comes first.
cd /d "%~dp0"
whoami /priv >privileges.txt
poolgate.exe run reboots.yaml --allow-reboot --reports reports >printed.txt 2>&1
>code.txt echo %ERRORLEVEL%
