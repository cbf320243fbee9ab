// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Simulated troubles: what Windows does to a program, and Wine does not.
 *
 * Where HKLM\SOFTWARE\simulated troubles has a value BusyFiles, two of three calls of MoveFileExW fail as they do while a
 * virus scanner has the file open: with ERROR_SHARING_VIOLATION, and with ERROR_ACCESS_DENIED. A service that accepts
 * SERVICE_CONTROL_PRESHUTDOWN is sent it once there is a file C:\lab\preshutdown.
 */
#include <windows.h>

#include "simulated.h"

#define TROUBLES "SOFTWARE\\simulated troubles"
#define PRESHUTDOWN "C:\\lab\\preshutdown"

typedef BOOL(WINAPI *move_file)(const WCHAR *from, const WCHAR *to, DWORD flags);
typedef BOOL(WINAPI *set_status)(SERVICE_STATUS_HANDLE service, SERVICE_STATUS *status);
typedef SERVICE_STATUS_HANDLE(WINAPI *register_handler)(const WCHAR *name, LPHANDLER_FUNCTION_EX handler, void *context);

static move_file wine_moves;
static set_status wine_sets_status;
static register_handler wine_registers;

static LPHANDLER_FUNCTION_EX service_handler;
static void *service_context;
static volatile LONG accepted;

static BOOL WINAPI busy_file(const WCHAR *from, const WCHAR *to, DWORD flags)
{
	static LONG calls;

	switch (InterlockedIncrement(&calls) % 3) {
	case 1:
		SetLastError(ERROR_SHARING_VIOLATION);
		return FALSE;
	case 2:
		SetLastError(ERROR_ACCESS_DENIED);
		return FALSE;
	}
	return wine_moves(from, to, flags);
}

static BOOL WINAPI heard_status(SERVICE_STATUS_HANDLE service, SERVICE_STATUS *status)
{
	accepted = status->dwControlsAccepted;
	return wine_sets_status(service, status);
}

static DWORD WINAPI send_preshutdown(void *unused)
{
	while (GetFileAttributesA(PRESHUTDOWN) == INVALID_FILE_ATTRIBUTES)
		Sleep(10);
	if (accepted & SERVICE_ACCEPT_PRESHUTDOWN)
		service_handler(SERVICE_CONTROL_PRESHUTDOWN, 0, NULL, service_context);
	return 0;
}

static SERVICE_STATUS_HANDLE WINAPI heard_handler(const WCHAR *name, LPHANDLER_FUNCTION_EX handler, void *context)
{
	service_handler = handler;
	service_context = context;
	CloseHandle(CreateThread(NULL, 0, send_preshutdown, NULL, 0, NULL));
	return wine_registers(name, handler, context);
}

void simulate_troubles(void)
{
	HMODULE files = GetModuleHandleA("kernel32.dll"), services = GetModuleHandleA("advapi32.dll");

	if (value_of(TROUBLES, "BusyFiles")) {
		wine_moves = (move_file)GetProcAddress(files, "MoveFileExW");
		replace_import((FARPROC)wine_moves, (FARPROC)busy_file);
	}
	wine_sets_status = (set_status)GetProcAddress(services, "SetServiceStatus");
	replace_import((FARPROC)wine_sets_status, (FARPROC)heard_status);
	wine_registers = (register_handler)GetProcAddress(services, "RegisterServiceCtrlHandlerExW");
	replace_import((FARPROC)wine_registers, (FARPROC)heard_handler);
}
