# Signs lab\leakydrv.sys with a new certificate, makes this machine trust it, and stores it as lab\test.cer for other machines.
# "Test-Signing a Driver" and "Installing Test Certificates" (learn.microsoft.com/windows-hardware/drivers/install): the
# certificate belongs in the stores Root and TrustedPublisher of the machine.
. "$PSScriptRoot\common.ps1"

$made = New-SelfSignedCertificate -Type CodeSigningCert -Subject 'CN=poolgate test driver' -CertStoreLocation Cert:\LocalMachine\My
$certificate = Get-Item "Cert:\LocalMachine\My\$($made.Thumbprint)"
$null = Export-Certificate -Cert $certificate -FilePath lab\test.cer
foreach ($store in 'Root', 'TrustedPublisher') {
  Assert-Exit 0 { certutil.exe -f -addstore $store lab\test.cer }
}
$signed = Set-AuthenticodeSignature -FilePath lab\leakydrv.sys -Certificate $certificate -HashAlgorithm SHA256
$signed | Format-List
Assert-Equal "$($signed.Status)" 'Valid' 'the signature'
exit 0
