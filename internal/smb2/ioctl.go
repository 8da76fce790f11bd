package smb2

import (
	"context"
	"time"
)

const (
	fsctlSnapshots = 0x00144064 // FSCTL_SRV_ENUMERATE_SNAPSHOTS
	fsctlReferrals = 0x00060194 // FSCTL_DFS_GET_REFERRALS
)

// ioctlRequest is [MS-SMB2] 2.2.31.
func ioctlRequest(t *Tree, code uint32, id fileID, input []byte, n int) request {
	b := make([]byte, 56, 56+max(1, len(input)))
	le.PutUint16(b, 57)
	le.PutUint32(b[4:], code)
	copy(b[8:], id[:])
	le.PutUint32(b[24:], headerSize+56)
	le.PutUint32(b[28:], uint32(len(input)))
	le.PutUint32(b[44:], uint32(n))
	le.PutUint32(b[48:], 1)
	b = append(b, input...)
	if len(input) == 0 {
		b = append(b, 0)
	}
	return request{cmd: cmdIoctl, tree: t, body: b, charge: t.conn.charge(max(n, len(input)))}
}

func ioctlAnswer(msg header) ([]byte, error) {
	if s := msg.status(); s != StatusOK && s != StatusBufferOverflow {
		return nil, s
	}
	r, err := checked(msg, 49)
	if err != nil {
		return nil, err
	}
	data := r.variable(r.u32(32), r.u32(36))
	return data, r.err
}

// snapshotLayout is how a server names a snapshot, in UTC.
const snapshotLayout = "@GMT-2006.01.02-15.04.05"

// Snapshots lists the previous versions of the volume that path lies on, as the
// server orders them: the newest first.
func (t *Tree) Snapshots(ctx context.Context, path string) ([]Snapshot, error) {
	answers, err := t.query(ctx, create{path: path, access: accessReadData | accessReadAttr | accessSync}, ioctlRequest(t, fsctlSnapshots, related, nil, 1<<16))
	if err != nil {
		return nil, err
	}
	defer release(answers)
	data, err := ioctlAnswer(answers[1].msg)
	if err != nil {
		return nil, err
	}
	return parseSnapshots(data)
}

// parseSnapshots reads SRV_SNAPSHOT_ARRAY ([MS-SMB2] 2.2.32.2).
func parseSnapshots(data []byte) ([]Snapshot, error) {
	r := &body{b: data}
	n := r.u32(8)
	if r.err != nil {
		return nil, r.err
	}
	if uint64(n) > uint64(len(data)-12) {
		n = uint32(len(data) - 12)
	}
	var list []Snapshot
	names := r.bytes(12, n)
	const size = 2 * (len(snapshotLayout) + 1)
	for len(names) >= size {
		at, err := time.Parse(snapshotLayout, string(decodeUTF16(nil, names[:size-2])))
		if err != nil {
			break
		}
		list = append(list, SnapshotAt(at))
		names = names[size:]
	}
	return list, r.err
}

const fileTimeEpoch = 11644473600 // seconds from 1601 to 1970

// SnapshotAt is the snapshot that was taken then.
func SnapshotAt(t time.Time) Snapshot { return Snapshot((t.Unix() + fileTimeEpoch) * 1e7) }

// Time is when the snapshot was taken.
func (s Snapshot) Time() time.Time { return fileTime(uint64(s)) }

// String is the name by which servers know the snapshot.
func (s Snapshot) String() string { return s.Time().UTC().Format(snapshotLayout) }

// Referral is one place where a DFS path leads to.
type Referral struct {
	Path   string // the part of the path that it stands for: \server\share\link
	Target string // \server\share\path
}

// Referrals asks where a DFS path leads to, of the form \server\share\path. The
// tree is IPC$. The targets of a replicated link come in the order in which the
// server wants them tried.
func (t *Tree) Referrals(ctx context.Context, path string) ([]Referral, error) {
	in := append(le.AppendUint16(nil, 4), encodeUTF16(path)...)
	a, err := t.conn.do(ctx, ioctlRequest(t, fsctlReferrals, related, append(in, 0, 0), 1<<14))
	if err != nil {
		return nil, err
	}
	defer a.release()
	data, err := ioctlAnswer(a.msg)
	if err != nil {
		return nil, err
	}
	return parseReferrals(path, data)
}

// parseReferrals reads RESP_GET_DFS_REFERRAL ([MS-DFSC] 2.2.4).
func parseReferrals(path string, data []byte) ([]Referral, error) {
	r := &body{b: data}
	consumed, count := int(r.u16(0))/2, int(r.u16(2))
	asked := encodeUTF16(path)
	if 2*consumed < len(asked) {
		path = string(decodeUTF16(nil, asked[:2*consumed]))
	}
	var list []Referral
	at := uint32(8)
	for range count {
		if at > uint32(len(data)) {
			return nil, errShort
		}
		e := &body{b: data[at:]}
		version, size := e.u16(0), uint32(e.u16(2))
		var target string
		switch version {
		case 1:
			target = e.text(8)
		case 2:
			target = e.text(uint32(e.u16(20)))
		case 3, 4:
			if e.u16(6)&2 == 0 { // not a list of domain controllers
				target = e.text(uint32(e.u16(16)))
			}
		default:
			return nil, &ProtocolError{"a DFS referral of an unknown version"}
		}
		if e.err != nil || size < 8 {
			return nil, errShort
		}
		if target != "" {
			list = append(list, Referral{Path: path, Target: target})
		}
		at += size
	}
	return list, r.err
}

// text reads a name that ends with a zero.
func (b *body) text(off uint32) string {
	for end := off; ; end += 2 {
		if uint64(end)+2 > uint64(len(b.b)) {
			b.err = errShort
			return ""
		}
		if b.b[end] == 0 && b.b[end+1] == 0 {
			return string(decodeUTF16(nil, b.b[off:end]))
		}
	}
}
