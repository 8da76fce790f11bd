//go:build real && linux

package smb

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mislaid/sources"
	"mislaid/sources/smb/smbtest"
)

// TestStreams: alternate data streams come with the file that has them, of
// whatever size, and of directories.
func TestStreams(t *testing.T) {
	s := smbtest.Start(t, smbtest.Config{Shares: map[string]map[string]string{
		share: {"read only": "no", "vfs objects": "streams_xattr"}, "plain": nil,
	}})
	if err := os.Chmod(s.Path(share), 0o777); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a longer stream ", 100) // as much as ext4 keeps
	alice := smbtest.Dial(t, s.Addr, "", "alice", s.Password("alice"))
	alice.Mkdir(t, share, "d")
	setStream(t, s.Path(share), "of the share", "at the top")
	alice.WriteFile(t, share, "d:of a directory", []byte("hidden better"))
	for _, f := range [][2]string{
		{`d\f.txt`, "file"}, {`d\f.txt:long`, long}, {`d\none.txt`, "x"}, {`d\empty`, ""}, {`d\empty:all`, "is here"},
	} {
		alice.WriteFile(t, share, f[0], []byte(f[1]))
	}
	setStream(t, s.Path(share)+"/d/f.txt", "key é", "hidden") // by the client it would take the other's place
	put(t, s, "plain", "f", []byte("x"))
	if read, failed := readable(t, source(t, s, "alice", "plain")); len(read) != 1 || len(failed) > 0 {
		t.Errorf("without streams: %q, %v", read, failed)
	}
	want := []string{"d/empty=", "d/empty:all=is here", "d/f.txt=file", "d/f.txt:key é=hidden", "d/f.txt:long=" + long, "d/none.txt=x", "d:of a directory=hidden better", ":of the share=at the top"}
	slices.Sort(want)
	for name, path := range map[string]string{"share": share, "file": share + "/d/f.txt"} {
		src := source(t, s, "alice", path)
		var got []string
		for c, err := range src.Containers(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for it, err := range src.Items(t.Context(), c, "") {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, it.ID+"="+read(t, src, it))
				b, err := src.Open(t.Context(), it, 0, -1)
				if err != nil {
					t.Fatal(err)
				}
				if streams := b.Attr().Streams; streams != nil {
					for _, stream := range streams.Items {
						got = append(got, stream.ID+"="+read(t, src, stream))
					}
					if streams.Err != nil {
						t.Error(streams.Err)
					}
				}
				_ = b.Close()
			}
		}
		slices.Sort(got)
		wanted := want
		if name == "file" {
			wanted = []string{"f.txt:key é=hidden", "f.txt:long=" + long, "f.txt=file"}
			slices.Sort(wanted)
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: %q", name, got)
		}
	}
	src := source(t, s, "alice", share)
	all := ids(t, src, "")
	for i, id := range all { // resuming after each: what follows comes, streams of directories again at most
		for _, later := range all[i+1:] {
			if !slices.Contains(ids(t, src, cursorOf(t, src, id)), later) {
				t.Errorf("resumed after %q it lacks %q", id, later)
			}
		}
	}
	for _, id := range []string{"d/f.txt:", "d/f.txt:a:b", "d/f.txt:../x", ":", "nothing:x", ":y/../z"} {
		if _, err := src.Item(t.Context(), sources.Ref{Container: share, Item: id}); !errors.Is(err, sources.ErrGone) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// setStream makes a stream as vfs_streams_xattr keeps it.
func setStream(t *testing.T, path, name, text string) {
	t.Helper()
	if err := unix.Setxattr(path, "user.DosStream."+name+":$DATA", append([]byte(text), 0), 0); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, s *Source, after sources.Cursor) (ids []string) {
	t.Helper()
	for it, err := range s.Items(t.Context(), sources.Container{ID: share}, after) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, it.ID)
	}
	return ids
}

func cursorOf(t *testing.T, s *Source, id string) sources.Cursor {
	t.Helper()
	for it := range s.Items(t.Context(), sources.Container{ID: share}, "") {
		if it.ID == id {
			return it.Cursor
		}
	}
	t.Fatalf("%s is not listed", id)
	return ""
}
