// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Simulated class 22: the pool tags that Wine does not count.
 *
 * Linked into a bcryptprimitives.dll beside poolgate.exe. Every process of the unmodified program loads it, the service
 * too. It replaces the program's import of NtQuerySystemInformation, and answers
 *   class 22   with the counts of leakydrv.sys, and with some tags that never change
 *   class 255  c0000003, as every Windows before 26H1
 *   class 67   with the pool of session 1, where HKLM\SOFTWARE\simulated class 22 has a value Sessions: all queries of a process
 *              but that one, from 1, are answered
 *   class 9    with the GlobalFlag of this boot
 *   class 51   with the drivers that VerifyDrivers named at this boot, if HKLM\SOFTWARE\simulated class 22 has a value
 *              Verifier: 1, or 2, of which it then lists none; there is no such class for 0
 *   class 11   with ntoskrnl.exe and leakydrv.sys, if that value exists
 * and lets Wine answer the rest. If HKLM\SOFTWARE\simulated class 22 has a value OldWindows, class 22 answers
 * c0000002, as Windows XP does, unless GlobalFlag had 0x400 when the machine booted.
 */
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include "leakydrv.h"
#include "simulated.h"

#define SYSTEM_FLAGS_INFORMATION 9
#define SYSTEM_MODULE_INFORMATION 11
#define SYSTEM_POOL_TAG_INFORMATION 22
#define SYSTEM_VERIFIER_INFORMATION 51
#define SYSTEM_SESSION_POOL_TAG_INFORMATION 67
#define SYSTEM_POOL_TAG_INFORMATION_2 255
#define FLG_POOL_ENABLE_TAGGING 0x400

#define NT_NOT_IMPLEMENTED ((NTSTATUS)0xc0000002)
#define NT_INVALID_INFO_CLASS ((NTSTATUS)0xc0000003)
#define NT_INFO_LENGTH_MISMATCH ((NTSTATUS)0xc0000004)
#define NT_INSUFFICIENT_RESOURCES ((NTSTATUS)0xc000009a)

#define SESSION_MANAGER "SYSTEM\\CurrentControlSet\\Control\\Session Manager"
#define MEMORY_MANAGEMENT SESSION_MANAGER "\\Memory Management"
#define SIMULATED "SOFTWARE\\simulated class 22"
#define THIS_BOOT SIMULATED "\\this boot"
#define MOST_TAGS 64
#define LONGEST_LIST 256

typedef NTSTATUS(NTAPI *query)(SYSTEM_INFORMATION_CLASS class, void *answer, ULONG size, ULONG *needed);

struct pool_tags {
	ULONG count;
	struct pool_tag tags[MOST_TAGS];
};

C_ASSERT(FIELD_OFFSET(struct pool_tags, tags) == 8);

struct session_pool {
	SIZE_T next;
	ULONG session;
	ULONG count;
	struct pool_tag tags[1];
};

C_ASSERT(FIELD_OFFSET(struct session_pool, tags) == 16);

/* SYSTEM_VERIFIER_INFORMATION since Windows 10 1903 (phnt's ntexapi.h), with the name behind it. */
struct verified {
	ULONG next;
	ULONG level;
	ULONG rule_classes[2];
	ULONG triage_context;
	ULONG all_drivers;
	UNICODE_STRING name;
	ULONG counts[18];
	SIZE_T bytes[4];
	WCHAR text[64];
};

C_ASSERT(FIELD_OFFSET(struct verified, text) == 144);

/* RTL_PROCESS_MODULES (phnt's ntldr.h). */
struct module {
	void *section, *mapped_base, *image_base;
	ULONG size, flags;
	USHORT load_order, init_order, load_count, file_name;
	char path[256];
};

struct modules {
	ULONG count;
	struct module modules[2];
};

C_ASSERT(sizeof(struct module) == 296);

/* Some tags of every Windows, one of them in both pools. */
static const struct pool_tag others[] = {
	{ ' prI', 0, 0, 0, 51200, 50900, 163840 },
	{ 'eliF', 0, 0, 0, 884213, 860112, 9640400 },
	{ 'corP', 0, 0, 0, 310, 240, 263200 },
	{ 'enoN', 1200, 1100, 24576, 400, 380, 2048 },
	{ 'lfvO', 0, 0, 0, 0, 0, 0 },
	{ 'tSmM', 40210, 33107, 31457280, 0, 0, 0 },
};

static query wine_answers;

DWORD value_of(const char *key, const char *name)
{
	DWORD value = 0, size = sizeof(value);

	RegGetValueA(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_DWORD, NULL, &value, &size);
	return value;
}

/*
 * The kernel reads GlobalFlag when it boots. Here the first program after a boot does. It is the one that creates a
 * volatile key. No program has changed the value for the next boot by then.
 */
static void read_flags_at_boot(void)
{
	DWORD flag = value_of(SESSION_MANAGER, "GlobalFlag"), level = value_of(MEMORY_MANAGEMENT, "VerifyDriverLevel");
	char drivers[LONGEST_LIST];
	DWORD size = sizeof(drivers), disposition;
	HKEY key;

	if (RegCreateKeyExA(HKEY_LOCAL_MACHINE, THIS_BOOT, 0, NULL, REG_OPTION_VOLATILE, KEY_SET_VALUE, NULL, &key,
			    &disposition))
		return;
	if (disposition == REG_CREATED_NEW_KEY) {
		RegSetValueExA(key, "GlobalFlag", 0, REG_DWORD, (BYTE *)&flag, sizeof(flag));
		RegSetValueExA(key, "VerifyDriverLevel", 0, REG_DWORD, (BYTE *)&level, sizeof(level));
		if (!RegGetValueA(HKEY_LOCAL_MACHINE, MEMORY_MANAGEMENT, "VerifyDrivers", RRF_RT_REG_SZ, NULL, drivers,
				  &size))
			RegSetValueExA(key, "VerifyDrivers", 0, REG_SZ, (BYTE *)drivers, size);
	}
	RegCloseKey(key);
}

/* The number of tags that leakydrv.sys reported; 0 if it is not loaded. */
static ULONG tags_of_driver(struct pool_tag *tags, DWORD size)
{
	HANDLE device = CreateFileA(LEAKYDRV_DEVICE, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
	DWORD written = 0;

	if (device == INVALID_HANDLE_VALUE)
		return 0;
	DeviceIoControl(device, IOCTL_LEAKYDRV_POOL_TAGS, NULL, 0, tags, size, &written, NULL);
	CloseHandle(device);
	return written / sizeof(*tags);
}

static NTSTATUS answer_flags(void *answer, ULONG size, ULONG *needed)
{
	if (needed)
		*needed = sizeof(DWORD);
	if (size < sizeof(DWORD))
		return NT_INFO_LENGTH_MISMATCH;
	*(DWORD *)answer = value_of(THIS_BOOT, "GlobalFlag");
	return 0;
}

static NTSTATUS answer_pool_tags(void *answer, ULONG size, ULONG *needed)
{
	struct pool_tags all = { .count = ARRAYSIZE(others) };
	ULONG written;

	if (value_of(SIMULATED, "OldWindows") && !(value_of(THIS_BOOT, "GlobalFlag") & FLG_POOL_ENABLE_TAGGING))
		return NT_NOT_IMPLEMENTED;
	memcpy(all.tags, others, sizeof(others));
	all.count += tags_of_driver(&all.tags[all.count], sizeof(all.tags) - sizeof(others));
	written = FIELD_OFFSET(struct pool_tags, tags[all.count]);
	if (needed)
		*needed = written;
	if (size < written)
		return NT_INFO_LENGTH_MISMATCH;
	memcpy(answer, &all, written);
	return 0;
}

/* The drivers this boot verifies, one an entry. Their names are where the caller sees them. */
static NTSTATUS answer_verifier(void *answer, ULONG size, ULONG *needed)
{
	char drivers[LONGEST_LIST] = "", *name, *rest;
	DWORD length = sizeof(drivers), level = value_of(THIS_BOOT, "VerifyDriverLevel"), written = 0;
	struct verified *entry = NULL;
	WCHAR *text;

	if (value_of(SIMULATED, "Verifier") == 1)
		RegGetValueA(HKEY_LOCAL_MACHINE, THIS_BOOT, "VerifyDrivers", RRF_RT_REG_SZ, NULL, drivers, &length);
	for (name = drivers; *name; name = rest) {
		if (written + sizeof(*entry) > size)
			return NT_INFO_LENGTH_MISMATCH;
		if (entry)
			entry->next = sizeof(*entry);
		entry = (struct verified *)((BYTE *)answer + written);
		memset(entry, 0, sizeof(*entry));
		entry->level = level;
		for (rest = name, text = entry->text; *rest && *rest != ' ' && text < &entry->text[63]; rest++, text++)
			*text = *rest;
		entry->name.Length = (text - entry->text) * sizeof(*text);
		entry->name.MaximumLength = sizeof(entry->text);
		entry->name.Buffer = entry->text;
		written += sizeof(*entry);
		while (*rest == ' ')
			rest++;
	}
	if (needed)
		*needed = written;
	return 0;
}

static NTSTATUS answer_modules(void *answer, ULONG size, ULONG *needed)
{
	struct modules all = { .count = 2 };

	strcpy(all.modules[0].path, "\\SystemRoot\\system32\\ntoskrnl.exe");
	strcpy(all.modules[1].path, "\\SystemRoot\\system32\\drivers\\leakydrv.sys");
	if (needed)
		*needed = sizeof(all);
	if (size < sizeof(all))
		return NT_INFO_LENGTH_MISMATCH;
	memcpy(answer, &all, sizeof(all));
	return 0;
}

static NTSTATUS answer_sessions(void *answer, ULONG size, ULONG *needed)
{
	static const struct session_pool pool = { 0, 1, 1, { { '1alG', 20, 10, 4096, 0, 0, 0 } } };
	static LONG queries;

	if ((DWORD)InterlockedIncrement(&queries) == value_of(SIMULATED, "Sessions"))
		return NT_INSUFFICIENT_RESOURCES;
	if (needed)
		*needed = sizeof(pool);
	if (size < sizeof(pool))
		return NT_INFO_LENGTH_MISMATCH;
	memcpy(answer, &pool, sizeof(pool));
	return 0;
}

static NTSTATUS NTAPI simulated(SYSTEM_INFORMATION_CLASS class, void *answer, ULONG size, ULONG *needed)
{
	switch ((int)class) {
	case SYSTEM_FLAGS_INFORMATION:
		return answer_flags(answer, size, needed);
	case SYSTEM_MODULE_INFORMATION:
		if (value_of(SIMULATED, "Verifier"))
			return answer_modules(answer, size, needed);
		break;
	case SYSTEM_VERIFIER_INFORMATION:
		return value_of(SIMULATED, "Verifier") ? answer_verifier(answer, size, needed) : NT_INVALID_INFO_CLASS;
	case SYSTEM_POOL_TAG_INFORMATION:
		return answer_pool_tags(answer, size, needed);
	case SYSTEM_POOL_TAG_INFORMATION_2:
		return NT_INVALID_INFO_CLASS;
	case SYSTEM_SESSION_POOL_TAG_INFORMATION:
		if (value_of(SIMULATED, "Sessions"))
			return answer_sessions(answer, size, needed);
		break;
	}
	return wine_answers(class, answer, size, needed);
}

/* Replaces the function `theirs` by `ours` in the import table of the program. */
void replace_import(FARPROC theirs, FARPROC ours)
{
	BYTE *image = (BYTE *)GetModuleHandleA(NULL);
	IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(image + ((IMAGE_DOS_HEADER *)image)->e_lfanew);
	DWORD imports = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
	IMAGE_IMPORT_DESCRIPTOR *library = (IMAGE_IMPORT_DESCRIPTOR *)(image + imports);
	DWORD protection;
	FARPROC *slot;

	for (; imports && library->Name; library++)
		for (slot = (FARPROC *)(image + library->FirstThunk); *slot; slot++)
			if (*slot == theirs) {
				VirtualProtect(slot, sizeof(*slot), PAGE_READWRITE, &protection);
				*slot = ours;
				VirtualProtect(slot, sizeof(*slot), protection, &protection);
			}
}

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved)
{
	if (reason == DLL_PROCESS_ATTACH) {
		DisableThreadLibraryCalls(library);
		wine_answers = (query)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySystemInformation");
		read_flags_at_boot();
		replace_import((FARPROC)wine_answers, (FARPROC)simulated);
		simulate_troubles();
	}
	return TRUE;
}
