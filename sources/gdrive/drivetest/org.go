package drivetest

import (
	"crypto/md5" //nolint:gosec // Drive's checksum
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// MIME types of Google's own.
const (
	Folder   = "application/vnd.google-apps.folder"
	Shortcut = "application/vnd.google-apps.shortcut"
	Document = "application/vnd.google-apps.document"
	Sheet    = "application/vnd.google-apps.spreadsheet"
	Slides   = "application/vnd.google-apps.presentation"
	Drawing  = "application/vnd.google-apps.drawing"
	Script   = "application/vnd.google-apps.script"
	Form     = "application/vnd.google-apps.form"
)

// Org is an organisation. Lock it to change it while it is served.
type Org struct {
	sync.Mutex
	Domain     string
	Secondary  []string
	AliasOf    map[string]string // alias domain → the domain that it stands for
	Users      []*User
	Groups     []*Group
	Drives     []*Drive
	Activities []Activity

	files   map[string]*File
	owned   map[string][]*File // by owner
	within  map[string][]*File // by shared drive
	shared  []*File            // with permissions of their own
	changes []change
	clock   time.Time
	n       int
}

// User is somebody, inside the organisation or outside.
type User struct {
	ID, Email, Name, Unit string
	Suspended, Archived   bool
	Admin                 bool
	Apps                  []App
}

// App is a third party's application that a user let in.
type App struct {
	Client, Name string
	Scopes       []string
}

// Group is a group of people.
type Group struct {
	Email, Name string
	Members     []string // addresses of people and groups; "*" is everyone in the organisation
	WhoCanJoin  string   // as Groups Settings calls it; "" CAN_REQUEST_TO_JOIN
	External    bool     // people outside may be members
}

// Drive is a shared drive.
type Drive struct {
	ID, Name string
	Members  []*Permission
}

// Permission is one grant.
type Permission struct {
	ID, Type, Role, Email, Domain string
	Discoverable, Deleted         bool
	Expires                       time.Time
	View                          string
}

// File is a file or folder.
type File struct {
	ID, Name, MIME    string
	Parent            string // ID of its folder; "" the root
	Owner             string // address; "" in a shared drive
	Drive             string // ID of its shared drive
	Bytes             []byte // of a blob
	Exports           map[string][]byte
	Text              []Tab // of a document
	Created, Modified time.Time
	Trashed           bool
	Permissions       []*Permission // its own
	NoInherit         bool
	Target            string // of a shortcut
	ResourceKey       string
	NeedsKey          bool // securityUpdateEnabled
	NoDownload        bool
	Abusive           bool
	Encrypted         bool
	Comments          []Comment
	Revisions         []Revision // older ones

	version int
}

// Tab is one tab of a document.
type Tab struct {
	Title, Text string
	Suggested   string // text that somebody suggests
	Tabs        []Tab
}

// Comment is a comment with its replies.
type Comment struct {
	ID, Author, Text, Quoted string
	Replies                  []string
	Deleted                  bool
}

// Revision is an older state of a file.
type Revision struct {
	ID       string
	Bytes    []byte
	Exports  map[string][]byte
	Modified time.Time
}

// Activity is an event in the log of Drive.
type Activity struct {
	Time                   time.Time
	Actor, Event, File     string
	App                    string
	Visibility, OldVisible string
}

// change is one entry of the log that change tokens point into.
type change struct {
	file    string
	drive   string
	owner   string
	removed bool
}

// NewOrg returns an organisation of acme.test with Ann, who is its admin, Ben,
// Cat, who is suspended, and the group ops of Ann and Ben.
func NewOrg() *Org {
	o := EmptyOrg("acme.test")
	o.Secondary = []string{"acme-labs.test"}
	o.AliasOf = map[string]string{"acme-mail.test": "acme.test"}
	o.AddUser("ann").Admin = true
	o.AddUser("ben")
	o.AddUser("cat").Suspended = true
	o.Groups = append(o.Groups, &Group{Email: "ops@acme.test", Name: "Ops", Members: []string{"ann@acme.test", "ben@acme.test"}})
	return o
}

// EmptyOrg returns an organisation of nobody.
func EmptyOrg(domain string) *Org {
	return &Org{
		Domain: domain, files: map[string]*File{}, owned: map[string][]*File{}, within: map[string][]*File{},
		clock: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
	}
}

// AddUser adds somebody.
func (o *Org) AddUser(name string) *User {
	u := &User{ID: fmt.Sprintf("1%020d", len(o.Users)+1), Email: name + "@" + o.Domain, Name: strings.ToUpper(name[:1]) + name[1:], Unit: "/"}
	o.Users = append(o.Users, u)
	return u
}

// AddDrive adds a shared drive with members, each "role:address".
func (o *Org) AddDrive(name string, members ...string) *Drive {
	d := &Drive{ID: o.id("0A"), Name: name}
	for _, m := range members {
		role, who, _ := strings.Cut(m, ":")
		p := o.Grant("user", who)
		if o.group(who) != nil {
			p.Type = "group"
		}
		p.Role = role
		d.Members = append(d.Members, p)
	}
	o.Drives = append(o.Drives, d)
	return d
}

func (o *Org) id(prefix string) string {
	o.n++
	return fmt.Sprintf("%s%024d", prefix, o.n)
}

// Grant makes a permission of one of the types user, group, domain and anyone.
func (o *Org) Grant(kind, who string) *Permission {
	p := &Permission{Type: kind, Role: "reader"}
	switch kind {
	case "anyone":
		p.ID = "anyoneWithLink"
	case "domain":
		p.Domain, p.ID = who, strings.ReplaceAll(who, ".", "")+"k"
	default:
		p.Email, p.ID = who, idOf(who)
	}
	return p
}

func idOf(email string) string {
	sum := sha256.Sum256([]byte(email))
	return "0" + hex.EncodeToString(sum[:8])
}

// Find makes a permission one that searches show.
func (p *Permission) Find() *Permission {
	p.Discoverable = true
	if p.Type == "anyone" {
		p.ID = "anyone"
	}
	return p
}

// Put adds a file of an owner, or of a shared drive where that is an ID of one.
func (o *Org) Put(where, name string, data []byte, grants ...*Permission) *File {
	f := &File{ID: o.id("1F"), Name: name, MIME: "text/plain", Bytes: data, Permissions: grants}
	if strings.Contains(where, "@") {
		f.Owner = where
	} else {
		f.Drive = where
	}
	return o.Add(f)
}

// Add adds a file that is filled in.
func (o *Org) Add(f *File) *File {
	if f.ID == "" {
		f.ID = o.id("1F")
	}
	if f.Created.IsZero() {
		f.Created = o.tick()
	}
	if f.Modified.IsZero() {
		f.Modified = f.Created
	}
	f.version = 1
	o.files[f.ID] = f
	if f.Drive != "" {
		o.within[f.Drive] = append(o.within[f.Drive], f)
	} else {
		o.owned[f.Owner] = append(o.owned[f.Owner], f)
	}
	if len(f.Permissions) > 0 {
		o.shared = append(o.shared, f)
	}
	o.changes = append(o.changes, change{file: f.ID, drive: f.Drive, owner: f.Owner})
	return f
}

// Mkdir adds a folder.
func (o *Org) Mkdir(where, name string, grants ...*Permission) *File {
	f := &File{Name: name, MIME: Folder, Permissions: grants}
	if strings.Contains(where, "@") {
		f.Owner = where
	} else {
		f.Drive = where
	}
	return o.Add(f)
}

// Touch says that a file was changed: its bytes, or who may read it.
func (o *Org) Touch(f *File, bytes bool) {
	f.version++
	if bytes {
		f.Modified = o.tick()
	}
	if len(f.Permissions) > 0 {
		o.shared = append(o.shared, f)
	}
	o.changes = append(o.changes, change{file: f.ID, drive: f.Drive, owner: f.Owner})
}

// Remove deletes a file for good.
func (o *Org) Remove(f *File) {
	delete(o.files, f.ID)
	drop := func(list []*File) []*File {
		out := list[:0:0]
		for _, g := range list {
			if g != f {
				out = append(out, g)
			}
		}
		return out
	}
	o.owned[f.Owner], o.within[f.Drive], o.shared = drop(o.owned[f.Owner]), drop(o.within[f.Drive]), drop(o.shared)
	o.changes = append(o.changes, change{file: f.ID, drive: f.Drive, owner: f.Owner, removed: true})
}

// File returns a file by its ID, or nil.
func (o *Org) File(id string) *File { return o.files[id] }

func (o *Org) tick() time.Time {
	o.clock = o.clock.Add(time.Minute)
	return o.clock
}

func (o *Org) user(email string) *User {
	for _, u := range o.Users {
		if u.Email == email || u.ID == email {
			return u
		}
	}
	return nil
}

func (o *Org) group(email string) *Group {
	for _, g := range o.Groups {
		if g.Email == email {
			return g
		}
	}
	return nil
}

func (o *Org) drive(id string) *Drive {
	for _, d := range o.Drives {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// inGroup reports whether somebody is in a group, also through groups.
func (o *Org) inGroup(g *Group, email string, depth int) bool {
	for _, m := range g.Members {
		if m == email || m == "*" && o.user(email) != nil {
			return true
		}
		if sub := o.group(m); sub != nil && depth < 10 && o.inGroup(sub, email, depth+1) {
			return true
		}
	}
	return false
}

// held is a permission as it applies to a file.
type held struct {
	*Permission
	inherited bool
	from      string // ID of what it is inherited from
	member    bool   // of the shared drive
}

// effective returns every permission on a file, its own and inherited ones.
func (o *Org) effective(f *File) []held {
	var all []held
	if f.Owner != "" {
		all = append(all, held{Permission: &Permission{ID: idOf(f.Owner), Type: "user", Role: "owner", Email: f.Owner}})
	}
	for _, p := range f.Permissions {
		all = append(all, held{Permission: p})
	}
	at, cut := f, f.NoInherit
	for depth := 0; at.Parent != "" && depth < 100 && !cut; depth++ {
		parent := o.files[at.Parent]
		if parent == nil {
			break
		}
		for _, p := range parent.Permissions {
			all = append(all, held{Permission: p, inherited: true, from: parent.ID})
		}
		at, cut = parent, parent.NoInherit
	}
	if d := o.drive(f.Drive); d != nil {
		for _, p := range d.Members {
			if !cut || p.Role == "organizer" {
				all = append(all, held{Permission: p, inherited: true, from: d.ID, member: true})
			}
		}
	}
	return all
}

// grants reports whether a permission lets somebody read. link says whether
// they have the link.
func (o *Org) grants(p *Permission, email string, link bool, now time.Time) bool {
	if p.Deleted || !p.Expires.IsZero() && !p.Expires.After(now) || p.View == "metadata" {
		return false
	}
	switch p.Type {
	case "user":
		return p.Email == email
	case "group":
		g := o.group(p.Email)
		return g != nil && o.inGroup(g, email, 0)
	case "domain":
		return link && strings.HasSuffix(email, "@"+p.Domain)
	}
	return link
}

// role returns the strongest role that somebody has on a file; "" none.
func (o *Org) role(f *File, email string, link bool, now time.Time) string {
	order := []string{"reader", "commenter", "writer", "fileOrganizer", "organizer", "owner"}
	best := -1
	for _, h := range o.effective(f) {
		if !o.grants(h.Permission, email, link, now) {
			continue
		}
		for i, r := range order {
			if r == h.Role && i > best {
				best = i
			}
		}
	}
	if best < 0 {
		return ""
	}
	return order[best]
}

func (o *Org) memberOf(d *Drive, email string, now time.Time) string {
	return o.role(&File{Drive: d.ID}, email, false, now)
}

func md5Of(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // Drive's checksum
	return hex.EncodeToString(sum[:])
}

func sha256Of(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// FileNamed returns a file by its name, or nil.
func (o *Org) FileNamed(name string) *File {
	for _, f := range o.files {
		if f.Name == name {
			return f
		}
	}
	return nil
}
