// SPDX-License-Identifier: MIT OR Apache-2.0
/* What the library beside poolgate.exe is made of. Needs windows.h before it. */
#pragma once

/* A REG_DWORD below HKEY_LOCAL_MACHINE; 0 where there is none. */
DWORD value_of(const char *key, const char *name);

/* Puts `ours` where the import tables of the program have `theirs`. */
void replace_import(FARPROC theirs, FARPROC ours);

/* Simulates what stands in the way of a program. */
void simulate_troubles(void);
