@echo off
rem machine.cmd POOLGATE: prints what is known of this machine. The first command that fails ends it.
rem The build is printed as winver.exe shows it, which has a window.
set "CURRENT=HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
ver
for %%V in (ProductName EditionID InstallationType DisplayVersion CurrentBuildNumber UBR) do (
  reg query "%CURRENT%" /v %%V | findstr %%V || exit /b 1
)
whoami /all || exit /b 1
bcdedit || exit /b 1
rem What these exit with where nothing is verified is documented nowhere.
verifier /querysettings
verifier /query
"%~1" doctor || exit /b 1
