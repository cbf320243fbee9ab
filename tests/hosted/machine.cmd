@echo off
rem machine.cmd POOLGATE: prints facts about this machine. The first command that fails ends it.
rem The build is printed as in winver.exe, because winver.exe itself opens a window.
set "CURRENT=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
ver
for %%V in (ProductName EditionID InstallationType DisplayVersion CurrentBuildNumber UBR) do (
  reg query "%CURRENT%" /v %%V | findstr %%V || exit /b 1
)
whoami /all || exit /b 1
bcdedit || exit /b 1
rem The exit codes of these are not documented for the case that nothing is verified.
verifier /querysettings
verifier /query
"%~1" doctor || exit /b 1
