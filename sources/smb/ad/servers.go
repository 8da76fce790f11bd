package ad

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Server is a computer of the domain that may serve files.
type Server struct {
	Host      string // DNS name
	OS        string // as it registered itself, "Windows Server 2022 Standard"
	LastLogon time.Time
	DC        bool // a domain controller, whose SYSVOL and NETLOGON are those of the domain
}

// stale is how long ago a server may have logged on last. The time in the
// directory is up to 14 days old; MS-ADA1 2.351.
const stale = 90 * 24 * time.Hour

// serverSystems are what operating systems of file servers are called in the
// directory; workstations are not.
var serverSystems = []string{"*Server*", "Samba*", "*NetApp*", "*OnTap*", "*OneFS*", "*EMC*", "*Storage*"}

// Flags of userAccountControl; MS-ADTS 2.2.16.
const (
	uacDisabled = 0x2
	uacLocked   = 0x10
	uacServerDC = 0x2000
	uacExpired  = 0x800000 // the password
)

const bitAnd = ":1.2.840.113556.1.4.803:="

// ServerFilter is the filter that Servers uses by itself, as of now: enabled
// computers with the operating system of a server, or domain controllers, that
// logged on within 90 days or are new.
func ServerFilter(now time.Time) string {
	var systems strings.Builder
	for _, s := range serverSystems {
		systems.WriteString("(operatingSystem=" + s + ")")
	}
	since := now.Add(-stale)
	return "(&(!(userAccountControl" + bitAnd + strconv.Itoa(uacDisabled) + "))" +
		"(|" + systems.String() + "(userAccountControl" + bitAnd + strconv.Itoa(uacServerDC) + "))" +
		"(|(lastLogonTimestamp>=" + strconv.FormatInt(toFileTime(since), 10) + ")" +
		"(&(!(lastLogonTimestamp=*))(whenCreated>=" + since.UTC().Format("20060102150405.0Z") + "))))"
}

// Servers lists the computers of the domain that match an LDAP filter; "" means
// ServerFilter. An error ends the list.
func (d *Domain) Servers(ctx context.Context, filter string) iter.Seq2[Server, error] {
	return func(yield func(Server, error) bool) {
		if filter == "" {
			filter = ServerFilter(time.Now())
		}
		if !strings.HasPrefix(filter, "(") {
			filter = "(" + filter + ")"
		}
		if _, err := ldap.CompileFilter(filter); err != nil {
			yield(Server{}, fmt.Errorf("ad: %q is no LDAP filter, such as (operatingSystem=*Server*)", filter))
			return
		}
		for e, err := range d.search(ctx, d.root.base, ldap.ScopeWholeSubtree, "(&(objectCategory=computer)"+filter+")",
			"dNSHostName", "name", "operatingSystem", "lastLogonTimestamp", "userAccountControl") {
			if err != nil {
				yield(Server{}, fmt.Errorf("ad: list servers: %w", err))
				return
			}
			s := Server{
				Host: e.GetAttributeValue("dNSHostName"), OS: e.GetAttributeValue("operatingSystem"),
				LastLogon: fileTime(number(e, "lastLogonTimestamp")), DC: number(e, "userAccountControl")&uacServerDC != 0,
			}
			if s.Host == "" {
				s.Host = e.GetAttributeValue("name") + "." + d.DNSName()
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Link is a place of a DFS namespace and where it really is.
type Link struct {
	Namespace string   // \\domain\namespace
	Path      string   // within it, with \; "" the namespace itself
	Targets   []Target // replicas of one another
}

// Target is a share, or a directory of one, that a Link leads to.
type Target struct {
	Path   string // \\server\share\path
	Online bool
}

// Namespaces lists the DFS namespaces of the domain and their links. Links of
// namespaces in the form of Windows 2000 are not in the directory in the clear:
// such a namespace is listed alone, and its servers are to be asked.
func (d *Domain) Namespaces(ctx context.Context) ([]Link, error) {
	base := "CN=Dfs-Configuration,CN=System," + d.root.base
	var list []Link
	for e, err := range d.search(ctx, base, ldap.ScopeWholeSubtree,
		"(|(objectClass=fTDfs)(objectClass=msDFS-Namespacev2)(objectClass=msDFS-Linkv2))",
		"objectClass", "cn", "remoteServerName", "msDFS-LinkPathv2", "msDFS-TargetListv2") {
		if errors.Is(err, errNotThere) {
			return nil, nil // no namespace was ever made
		}
		if err != nil {
			return nil, fmt.Errorf("ad: list DFS namespaces: %w", err)
		}
		link := Link{Namespace: `\\` + d.DNSName() + `\` + namespaceOf(e)}
		link.Path = strings.Trim(strings.ReplaceAll(e.GetAttributeValue("msDFS-LinkPathv2"), "/", `\`), `\`)
		for _, server := range e.GetAttributeValues("remoteServerName") {
			if strings.HasPrefix(server, `\\`) {
				link.Targets = append(link.Targets, Target{Path: server, Online: true})
			}
		}
		if raw := e.GetRawAttributeValue("msDFS-TargetListv2"); len(raw) > 0 {
			targets, err := parseTargets(raw)
			if err != nil {
				return nil, fmt.Errorf("ad: targets of %s: %w", link.Namespace, err)
			}
			link.Targets = append(link.Targets, targets...)
		}
		list = append(list, link)
	}
	return list, nil
}

// namespaceOf is the name of the namespace that an entry belongs to: its own, or
// that of the entry above a link.
func namespaceOf(e *ldap.Entry) string {
	dn, err := ldap.ParseDN(e.DN)
	if err != nil {
		return e.GetAttributeValue("cn")
	}
	at := 0
	for _, class := range e.GetAttributeValues("objectClass") {
		if strings.EqualFold(class, "msDFS-Linkv2") {
			at = 1
		}
	}
	if at < len(dn.RDNs) && len(dn.RDNs[at].Attributes) > 0 {
		return dn.RDNs[at].Attributes[0].Value
	}
	return e.GetAttributeValue("cn")
}
