package smb2

import (
	"errors"
	"fmt"
	"io/fs"
)

// Status is an NTSTATUS that a server answered with ([MS-ERREF] 2.3.1). As an
// error it is fs.ErrNotExist or fs.ErrPermission where it means one of them.
type Status uint32

// The statuses that somebody acts on.
const (
	StatusOK                     Status = 0
	StatusPending                Status = 0x00000103
	StatusNotifyEnumDir          Status = 0x0000010C
	StatusBufferOverflow         Status = 0x80000005
	StatusNoMoreFiles            Status = 0x80000006
	StatusStoppedOnSymlink       Status = 0x8000002D
	StatusInvalidHandle          Status = 0xC0000008
	StatusNotImplemented         Status = 0xC0000002
	StatusInvalidInfoClass       Status = 0xC0000003
	StatusInvalidParameter       Status = 0xC000000D
	StatusNoSuchFile             Status = 0xC000000F
	StatusInvalidDeviceRequest   Status = 0xC0000010
	StatusEndOfFile              Status = 0xC0000011
	StatusMoreProcessing         Status = 0xC0000016
	StatusAccessDenied           Status = 0xC0000022
	StatusBufferTooSmall         Status = 0xC0000023
	StatusObjectNameInvalid      Status = 0xC0000033
	StatusObjectNameNotFound     Status = 0xC0000034
	StatusObjectPathInvalid      Status = 0xC0000039
	StatusObjectPathNotFound     Status = 0xC000003A
	StatusObjectPathSyntaxBad    Status = 0xC000003B
	StatusSharingViolation       Status = 0xC0000043
	StatusDeletePending          Status = 0xC0000056
	StatusPrivilegeNotHeld       Status = 0xC0000061
	StatusFileLockConflict       Status = 0xC0000054
	StatusNoLogonServers         Status = 0xC000005E
	StatusNoSuchUser             Status = 0xC0000064
	StatusWrongPassword          Status = 0xC000006A
	StatusLogonFailure           Status = 0xC000006D
	StatusAccountRestriction     Status = 0xC000006E
	StatusInvalidLogonHours      Status = 0xC000006F
	StatusInvalidWorkstation     Status = 0xC0000070
	StatusPasswordExpired        Status = 0xC0000071
	StatusAccountDisabled        Status = 0xC0000072
	StatusInsufficientResources  Status = 0xC000009A
	StatusPipeNotAvailable       Status = 0xC00000AC
	StatusIOTimeout              Status = 0xC00000B5
	StatusFileIsADirectory       Status = 0xC00000BA
	StatusNotSupported           Status = 0xC00000BB
	StatusBadNetworkPath         Status = 0xC00000BE
	StatusNetworkAccessDenied    Status = 0xC00000CA
	StatusNetworkNameDeleted     Status = 0xC00000C9
	StatusBadNetworkName         Status = 0xC00000CC
	StatusRequestNotAccepted     Status = 0xC00000D0
	StatusInternalError          Status = 0xC00000E5
	StatusDirectoryNotEmpty      Status = 0xC0000101
	StatusNotADirectory          Status = 0xC0000103
	StatusTooManyOpenedFiles     Status = 0xC000011F
	StatusCancelled              Status = 0xC0000120
	StatusFileClosed             Status = 0xC0000128
	StatusPipeBroken             Status = 0xC000014B
	StatusLogonNotGranted        Status = 0xC0000155
	StatusLogonTypeNotGranted    Status = 0xC000015B
	StatusTrustFailure           Status = 0xC000018D
	StatusTrustedDomainFailure   Status = 0xC000018C
	StatusAccountExpired         Status = 0xC0000193
	StatusNetlogonNotStarted     Status = 0xC0000192
	StatusUserSessionDeleted     Status = 0xC0000203
	StatusInsuffServerResources  Status = 0xC0000205
	StatusPasswordMustChange     Status = 0xC0000224
	StatusNotFound               Status = 0xC0000225
	StatusAccountLockedOut       Status = 0xC0000234
	StatusPathNotCovered         Status = 0xC0000257
	StatusNetworkSessionExpired  Status = 0xC000035C
	StatusSmartcardLogonRequired Status = 0xC00002FA
	StatusAuthenticationFirewall Status = 0xC0000413
	StatusVirusInfected          Status = 0xC0000906
	StatusCloudFileUnavailable   Status = 0xC000CF05
	StatusServerUnavailable      Status = 0xC0000466
	StatusFileNotAvailable       Status = 0xC0000467
	StatusNTLMBlocked            Status = 0xC0000418
)

var statusTexts = map[Status]string{
	StatusStoppedOnSymlink:       "a symbolic link is in the way",
	StatusInvalidHandle:          "the server no longer knows the open file",
	StatusNotImplemented:         "the server cannot do this",
	StatusInvalidInfoClass:       "the server does not know this",
	StatusInvalidParameter:       "the server finds the request wrong",
	StatusNoSuchFile:             "no such file",
	StatusInvalidDeviceRequest:   "the server does not know this request",
	StatusAccessDenied:           "access denied",
	StatusObjectNameInvalid:      "the server does not take this name",
	StatusObjectNameNotFound:     "no such file",
	StatusObjectPathInvalid:      "the server does not take this path",
	StatusObjectPathNotFound:     "no such directory",
	StatusObjectPathSyntaxBad:    "the server does not take this path",
	StatusSharingViolation:       "somebody has it open and shares it with nobody",
	StatusDeletePending:          "it is being deleted",
	StatusFileLockConflict:       "somebody has locked that range",
	StatusPrivilegeNotHeld:       "a privilege is missing",
	StatusNoLogonServers:         "the server reaches no domain controller",
	StatusNoSuchUser:             "no such user",
	StatusWrongPassword:          "wrong password",
	StatusLogonFailure:           "wrong user name or password",
	StatusAccountRestriction:     "an account restriction forbids this sign-in",
	StatusInvalidLogonHours:      "the account may not sign in at this hour",
	StatusInvalidWorkstation:     "the account may not sign in from this machine",
	StatusPasswordExpired:        "the password has expired",
	StatusAccountDisabled:        "the account is disabled",
	StatusInsufficientResources:  "the server is out of resources",
	StatusPipeNotAvailable:       "the pipe is not available",
	StatusIOTimeout:              "the server timed out",
	StatusFileIsADirectory:       "is a directory",
	StatusNotSupported:           "the server does not support this",
	StatusNetworkAccessDenied:    "the server denies network access",
	StatusNetworkNameDeleted:     "the server took the share away",
	StatusBadNetworkName:         "no such share",
	StatusBadNetworkPath:         "no such network path",
	StatusRequestNotAccepted:     "the server takes no more connections",
	StatusNotADirectory:          "is not a directory",
	StatusTooManyOpenedFiles:     "too many open files on the server",
	StatusCancelled:              "the server cancelled it",
	StatusFileClosed:             "the server closed the file",
	StatusLogonNotGranted:        "the server does not grant this sign-in",
	StatusLogonTypeNotGranted:    "the account has no right to sign in over the network here",
	StatusTrustFailure:           "the trust between the server and its domain is broken",
	StatusTrustedDomainFailure:   "the trust between the domains is broken",
	StatusAccountExpired:         "the account has expired",
	StatusNetlogonNotStarted:     "the server's Netlogon service is not running",
	StatusUserSessionDeleted:     "the server ended the session",
	StatusInsuffServerResources:  "the server is out of resources",
	StatusPasswordMustChange:     "the password must be changed before the first sign-in",
	StatusNotFound:               "not found",
	StatusAccountLockedOut:       "the account is locked out",
	StatusPathNotCovered:         "it lies on another server (DFS)",
	StatusNetworkSessionExpired:  "the session has expired",
	StatusSmartcardLogonRequired: "the account must sign in with a smart card",
	StatusAuthenticationFirewall: "selective authentication forbids this account here",
	StatusVirusInfected:          "the server's virus scanner refuses it",
	StatusCloudFileUnavailable:   "the file is in the cloud, which the server does not reach",
	StatusServerUnavailable:      "the file server is unavailable for a moment",
	StatusFileNotAvailable:       "the file is not available for a moment",
	StatusNTLMBlocked:            "NTLM is blocked there",
}

// Error says what the status means, and its number.
func (s Status) Error() string {
	if text := statusTexts[s]; text != "" {
		return fmt.Sprintf("%s (0x%08X)", text, uint32(s))
	}
	return fmt.Sprintf("the server answered 0x%08X", uint32(s))
}

// Is makes errors.Is tell the errors of package fs.
func (s Status) Is(target error) bool {
	switch s {
	case StatusNoSuchFile, StatusObjectNameNotFound, StatusObjectPathNotFound, StatusObjectNameInvalid, StatusObjectPathInvalid,
		StatusObjectPathSyntaxBad, StatusDeletePending, StatusNotADirectory, StatusBadNetworkName, StatusNotFound:
		return target == fs.ErrNotExist
	case StatusAccessDenied, StatusNetworkAccessDenied, StatusPrivilegeNotHeld:
		return target == fs.ErrPermission
	}
	return false
}

// StatusOf returns the status in err's chain.
func StatusOf(err error) (Status, bool) {
	var s Status
	return s, errors.As(err, &s)
}
