@echo off
rem Fails unless this Windows loads drivers signed with a test certificate. GitHub's images do: actions/runner-images,
rem images/windows/templates/build.windows-2022.pkr.hcl (and -2025, -11-arm64): bcdedit.exe /set TESTSIGNING ON.
bcdedit /enum {current} | findstr /i /r /c:"testsigning  *Yes"
