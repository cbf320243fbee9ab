// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one function of bcryptprimitives.dll that Rust's library imports. Wine has the DLL since version 9; this one
 * replaces it in older versions.
 */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size)
{
	return RtlGenRandom(data, (ULONG)size);
}
