package ntacl

// SIDs that mean the same everywhere; MS-DTYP 2.4.2.4.
var (
	Everyone            = MakeSID(1, 0)
	OwnerRights         = MakeSID(3, 4)
	Network             = MakeSID(5, 2)
	Anonymous           = MakeSID(5, 7)
	AuthenticatedUsers  = MakeSID(5, 11)
	ThisOrganization    = MakeSID(5, 15)
	Administrators      = MakeSID(5, 32, 544)
	Users               = MakeSID(5, 32, 545)
	GuestsGroup         = MakeSID(5, 32, 546)
	BackupOperators     = MakeSID(5, 32, 551)
	PreWindows2000Group = MakeSID(5, 32, 554)

	ntServices   = MakeSID(5, 80)
	ntVirtual    = MakeSID(5, 83)
	appContainer = MakeSID(15, 2)
)

// class is what a SID means for reading a file through the network.
type class uint8

const (
	classOther     class = iota // a user or group; its Directory knows
	classStranger               // everybody who signed in, trusted domains included
	classEveryone               // the same, and guests where the server lets them in
	classGuest                  // guests alone
	classAnonymous              // nobody signed in
	classDomain                 // every user or computer of a domain
	classForeign                // users of trusted domains who were let in by name
	classAdmin                  // who administers the server or its domain
	classService                // programs on the server itself
	classLocal                  // sessions at the server itself, which do not come over the network
	classMachine                // the computers that check passwords
	classNobody                 // never the SID of somebody who asks
)

// wellKnown are the names and classes of SIDs that no domain makes.
var wellKnown = map[SID]struct {
	name  string
	class class
}{
	Everyone:            {"Everyone", classEveryone},
	MakeSID(0, 0):       {"NULL SID", classNobody},
	MakeSID(2, 0):       {"LOCAL", classLocal},
	MakeSID(2, 1):       {"CONSOLE LOGON", classLocal},
	MakeSID(3, 0):       {"CREATOR OWNER", classNobody},
	MakeSID(3, 1):       {"CREATOR GROUP", classNobody},
	OwnerRights:         {"OWNER RIGHTS", classNobody},
	MakeSID(5, 1):       {`NT AUTHORITY\DIALUP`, classLocal},
	Network:             {`NT AUTHORITY\NETWORK`, classStranger},
	MakeSID(5, 3):       {`NT AUTHORITY\BATCH`, classLocal},
	MakeSID(5, 4):       {`NT AUTHORITY\INTERACTIVE`, classLocal},
	MakeSID(5, 6):       {`NT AUTHORITY\SERVICE`, classService},
	Anonymous:           {`NT AUTHORITY\ANONYMOUS LOGON`, classAnonymous},
	MakeSID(5, 8):       {`NT AUTHORITY\PROXY`, classNobody},
	MakeSID(5, 9):       {`NT AUTHORITY\ENTERPRISE DOMAIN CONTROLLERS`, classMachine},
	MakeSID(5, 10):      {`NT AUTHORITY\SELF`, classNobody},
	AuthenticatedUsers:  {`NT AUTHORITY\Authenticated Users`, classStranger},
	MakeSID(5, 12):      {`NT AUTHORITY\RESTRICTED`, classService},
	MakeSID(5, 13):      {`NT AUTHORITY\TERMINAL SERVER USER`, classLocal},
	MakeSID(5, 14):      {`NT AUTHORITY\REMOTE INTERACTIVE LOGON`, classLocal},
	ThisOrganization:    {`NT AUTHORITY\This Organization`, classStranger},
	MakeSID(5, 17):      {`NT AUTHORITY\IUSR`, classService},
	MakeSID(5, 18):      {`NT AUTHORITY\SYSTEM`, classService},
	MakeSID(5, 19):      {`NT AUTHORITY\LOCAL SERVICE`, classService},
	MakeSID(5, 20):      {`NT AUTHORITY\NETWORK SERVICE`, classService},
	MakeSID(5, 64, 10):  {`NT AUTHORITY\NTLM Authentication`, classStranger},
	MakeSID(5, 64, 14):  {`NT AUTHORITY\SChannel Authentication`, classStranger},
	MakeSID(5, 64, 21):  {`NT AUTHORITY\Digest Authentication`, classStranger},
	MakeSID(5, 65, 1):   {`NT AUTHORITY\This Organization Certificate`, classStranger},
	MakeSID(5, 114):     {`NT AUTHORITY\Local account and member of Administrators group`, classAdmin},
	MakeSID(5, 1000):    {`NT AUTHORITY\Other Organization`, classForeign},
	MakeSID(18, 1):      {"Authentication authority asserted identity", classStranger},
	MakeSID(18, 2):      {"Service asserted identity", classStranger},
	Administrators:      {`BUILTIN\Administrators`, classAdmin},
	Users:               {`BUILTIN\Users`, classStranger},
	GuestsGroup:         {`BUILTIN\Guests`, classGuest},
	MakeSID(5, 32, 548): {`BUILTIN\Account Operators`, classAdmin},
	MakeSID(5, 32, 549): {`BUILTIN\Server Operators`, classAdmin},
	MakeSID(5, 32, 550): {`BUILTIN\Print Operators`, classAdmin},
	BackupOperators:     {`BUILTIN\Backup Operators`, classAdmin},
	MakeSID(5, 32, 552): {`BUILTIN\Replicator`, classAdmin},
	PreWindows2000Group: {`BUILTIN\Pre-Windows 2000 Compatible Access`, classEveryone},
	MakeSID(5, 32, 547): {`BUILTIN\Power Users`, classOther},
	MakeSID(5, 32, 555): {`BUILTIN\Remote Desktop Users`, classOther},
	MakeSID(5, 113):     {`NT AUTHORITY\Local account`, classOther},
	MakeSID(15, 2, 1):   {`APPLICATION PACKAGE AUTHORITY\ALL APPLICATION PACKAGES`, classService},
	MakeSID(15, 2, 2):   {`APPLICATION PACKAGE AUTHORITY\ALL RESTRICTED APPLICATION PACKAGES`, classService},
	MakeSID(5, 32, 556): {`BUILTIN\Network Configuration Operators`, classOther},
	MakeSID(5, 32, 568): {`BUILTIN\IIS_IUSRS`, classOther},
	MakeSID(5, 32, 580): {`BUILTIN\Remote Management Users`, classOther},
	MakeSID(5, 32, 578): {`BUILTIN\Hyper-V Administrators`, classAdmin},
	MakeSID(5, 32, 582): {`BUILTIN\Storage Replica Administrators`, classAdmin},
	MakeSID(16, 0x1000): {"Low Mandatory Level", classNobody},
	MakeSID(16, 0x2000): {"Medium Mandatory Level", classNobody},
	MakeSID(16, 0x3000): {"High Mandatory Level", classNobody},
	MakeSID(16, 0x4000): {"System Mandatory Level", classNobody},
}

// WellKnownName is the name of a SID that no domain makes, "" for the others.
func WellKnownName(s SID) string { return wellKnown[s].name }

// Numbers of accounts that every domain has; MS-DTYP 2.4.2.4.
const (
	ridAdministrator     = 500
	ridGuest             = 501
	ridKrbtgt            = 502
	ridDomainAdmins      = 512
	ridDomainUsers       = 513
	ridDomainGuests      = 514
	ridDomainComputers   = 515
	ridDomainControllers = 516
	ridSchemaAdmins      = 518
	ridEnterpriseAdmins  = 519
	ridReadOnlyDCs       = 521
)

// classOf says what a SID means without asking anybody.
func classOf(s SID) class {
	if w, ok := wellKnown[s]; ok {
		return w.class
	}
	if s.Account() {
		switch s.RID() {
		case ridAdministrator, ridDomainAdmins, ridSchemaAdmins, ridEnterpriseAdmins, ridKrbtgt:
			return classAdmin
		case ridDomainControllers, ridReadOnlyDCs:
			return classMachine
		case ridGuest, ridDomainGuests:
			return classGuest
		case ridDomainUsers, ridDomainComputers:
			return classDomain
		}
		return classOther
	}
	switch {
	case s.within(ntServices), s.within(ntVirtual), s.within(appContainer), s.within(MakeSID(5, 90)), s.within(MakeSID(5, 96)):
		return classService
	case s.within(MakeSID(5, 5)): // a single logon session
		return classNobody
	}
	return classOther
}

// within reports whether s begins with all parts of p and has more.
func (s SID) within(p SID) bool {
	if s.authority != p.authority || s.n <= p.n {
		return false
	}
	for i := range int(p.n) {
		if s.sub[i] != p.sub[i] {
			return false
		}
	}
	return true
}
