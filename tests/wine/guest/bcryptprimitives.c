// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one function of bcryptprimitives.dll which Rust's library imports. Wine has had the DLL since version 9; an older
 * one gets this in its place.
 */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size)
{
	return RtlGenRandom(data, (ULONG)size);
}
