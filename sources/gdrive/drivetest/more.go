package drivetest

import (
	"fmt"
	"strconv"
	"time"
)

func startToken(c *call) (any, *refusal) {
	return object{"kind": "drive#startPageToken", "startPageToken": strconv.Itoa(len(c.changes))}, nil
}

func changesList(c *call) (any, *refusal) {
	at, err := strconv.Atoi(c.args.Get("pageToken"))
	if err != nil || at > len(c.changes) {
		return nil, &refusal{400, "global", "invalid", "Invalid Value"}
	}
	if c.DeadTokens {
		return nil, &refusal{410, "global", "pageTokenExpired", "the token has expired"}
	}
	most := 100
	if v := c.args.Get("pageSize"); v != "" {
		most, _ = strconv.Atoi(v)
	}
	if c.PageMost > 0 {
		most = min(most, c.PageMost)
	}
	drive := c.args.Get("driveId")
	list := []object{}
	done := map[string]bool{}
	i := at
	for ; i < len(c.changes) && len(list) < most; i++ {
		ch := c.changes[i]
		f := c.files[ch.file]
		mine := drive != "" && ch.drive == drive || drive == "" && (ch.owner == c.subject.Email || f != nil && f.Drive == "" && c.role(f, c.subject.Email, false, c.now) != "")
		if drive == "" && c.args.Get("restrictToMyDrive") == "true" && ch.owner != c.subject.Email {
			mine = false
		}
		if !mine || done[ch.file] {
			continue
		}
		done[ch.file] = true
		o := object{"kind": "drive#change", "changeType": "file", "fileId": ch.file, "removed": f == nil, "time": c.now.UTC().Format(time.RFC3339)}
		if f != nil {
			o["file"] = c.file(f, c.fields["changes"]["file"])
		}
		list = append(list, o)
	}
	o := object{"kind": "drive#changeList", "changes": list}
	if i < len(c.changes) {
		o["nextPageToken"] = strconv.Itoa(i)
	} else {
		o["newStartPageToken"] = strconv.Itoa(i)
	}
	return o, nil
}

func revisionsList(c *call) (any, *refusal) {
	f, bad := c.find(c.vars["fileId"])
	if bad != nil {
		return nil, bad
	}
	if !c.canShare(f) {
		return nil, forbidden("insufficientFilePermissions")
	}
	var all []object
	for _, r := range f.Revisions {
		all = append(all, c.revision(f, r))
	}
	all = append(all, c.revision(f, Revision{ID: "head" + strconv.Itoa(f.version), Bytes: f.Bytes, Exports: f.Exports, Modified: f.Modified}))
	from, to, next, bad := c.page(len(all), "pageSize", 200, 1000)
	if bad != nil {
		return nil, bad
	}
	o := object{"kind": "drive#revisionList", "revisions": all[from:to]}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func (c *call) revision(f *File, r Revision) object {
	o := object{"id": r.ID, "mimeType": f.MIME, "modifiedTime": r.Modified.Format(time.RFC3339), "lastModifyingUser": c.person(f.Owner)}
	if len(r.Exports) > 0 {
		links := object{}
		for mime := range r.Exports {
			links[mime] = "https://docs.google.com/feeds/download/export/Export?id=" + f.ID + "&revision=" + r.ID + "&exportFormat=" + mime
		}
		o["exportLinks"] = links
	} else {
		o["size"], o["md5Checksum"] = strconv.Itoa(len(r.Bytes)), md5Of(r.Bytes)
	}
	return o
}

func revisionsGet(c *call) (any, *refusal) {
	f, bad := c.find(c.vars["fileId"])
	if bad != nil {
		return nil, bad
	}
	for _, r := range f.Revisions {
		if r.ID == c.vars["revisionId"] {
			if c.args.Get("alt") == "media" {
				return nil, c.media(f, r.Bytes)
			}
			return c.revision(f, r), nil
		}
	}
	return nil, notFound(c.vars["revisionId"])
}

func commentsList(c *call) (any, *refusal) {
	f, bad := c.find(c.vars["fileId"])
	if bad != nil {
		return nil, bad
	}
	var all []object
	for _, m := range f.Comments {
		if m.Deleted && c.args.Get("includeDeleted") != "true" {
			continue
		}
		var replies []object
		for i, text := range m.Replies {
			replies = append(replies, object{"id": fmt.Sprint(i), "content": text, "author": object{"displayName": m.Author}})
		}
		all = append(all, object{
			"id": m.ID, "content": m.Text, "author": object{"displayName": m.Author}, "quotedFileContent": object{"value": m.Quoted},
			"replies": replies, "deleted": m.Deleted, "createdTime": f.Modified.Format(time.RFC3339), "modifiedTime": f.Modified.Format(time.RFC3339),
		})
	}
	from, to, next, bad := c.page(len(all), "pageSize", 20, 100)
	if bad != nil {
		return nil, bad
	}
	o := object{"kind": "drive#commentList", "comments": all[from:to]}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}
