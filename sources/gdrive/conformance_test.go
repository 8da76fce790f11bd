package gdrive

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/oauth2"

	"mislaid/sources"
	"mislaid/sources/gdrive/drivetest"
	"mislaid/sources/sourcetest"
)

// personal opens what somebody sees, in process and as fast as it answers.
func personal(ctx context.Context, srv *drivetest.Server, who string, c Config) (*Source, error) {
	c.Transport, c.Scale = srv, 1e6
	c.Own = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: srv.Token(who, ScopeContent)})
	return New(ctx, c)
}

// delegated opens a Source of a whole organisation, by the key of its service
// account.
func delegate(t testing.TB, srv *drivetest.Server, c Config) *Source {
	t.Helper()
	d, err := KeyDelegation(srv.KeyFile(), srv)
	if err != nil {
		t.Fatal(err)
	}
	c.Transport, c.Delegation, c.Admin = srv, d, "ann@"+srv.Domain
	if c.Scale == 0 {
		c.Scale = 1e6
	}
	s, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// filled is a Drive that somebody fills.
type filled struct {
	srv    *drivetest.Server
	where  string // whose it is, or the ID of a shared drive
	target Target
	in     string // ID of the container
	folder string
	files  map[string]*drivetest.File
}

func (p *filled) Open(t *testing.T) sources.Source {
	s, err := personal(t.Context(), p.srv, "ann@acme.test", Config{Target: p.target})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *filled) Ref(path string) (container, item string) {
	if f := p.files[path]; f != nil {
		return p.in, f.ID
	}
	return p.in, "none"
}

func (p *filled) Put(_ *testing.T, path string, data []byte) {
	p.srv.Lock()
	defer p.srv.Unlock()
	if f := p.files[path]; f != nil && p.srv.File(f.ID) != nil {
		f.Bytes = data
		p.srv.Touch(f, true)
		return
	}
	f := &drivetest.File{Name: path, MIME: "text/plain", Bytes: data, Parent: p.folder}
	if old := p.files[path]; old != nil {
		f.ID = old.ID
	}
	if p.where == "ann@acme.test" {
		f.Owner = p.where
	} else {
		f.Drive = p.where
	}
	p.files[path] = p.srv.Add(f)
}

func (p *filled) Remove(_ *testing.T, path string) {
	p.srv.Lock()
	defer p.srv.Unlock()
	p.srv.Remove(p.files[path])
}

func (p *filled) Deny(_ *testing.T, path string) {
	p.srv.Lock()
	defer p.srv.Unlock()
	p.files[path].NoDownload = true
}

func TestConformance(t *testing.T) {
	for _, most := range []int{0, 2} {
		for _, kind := range []string{"my drive", "shared drive", "folder"} {
			t.Run(fmt.Sprintf("%s in pages of %d", kind, most), func(t *testing.T) {
				sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
					o := drivetest.NewOrg()
					srv := drivetest.NewServer(o, t.Errorf)
					srv.PageMost = most
					p := &filled{srv: srv, where: "ann@acme.test", in: "user:ann@acme.test", files: map[string]*drivetest.File{}}
					switch kind {
					case "shared drive":
						d := o.AddDrive("Team", "organizer:ann@acme.test", "reader:ops@acme.test")
						p.where, p.in, p.target = d.ID, "drive:"+d.ID, Target{SharedDrive: d.ID}
					case "folder":
						f := o.Mkdir("ann@acme.test", "keys")
						p.folder, p.in, p.target = f.ID, "item:"+f.ID, Target{Item: f.ID}
					}
					return p
				})
			})
		}
	}
}

func staticToken(access string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: access})
}
