package drivetest

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table is the methods that are served, by their id.
func table() map[string]func(*call) (any, *refusal) {
	return map[string]func(*call) (any, *refusal){
		"drive.about.get": aboutGet, "drive.files.list": filesList, "drive.files.get": filesGet, "drive.files.export": filesExport,
		"drive.permissions.list": permissionsList, "drive.drives.list": drivesList, "drive.drives.get": drivesGet,
		"drive.changes.getStartPageToken": startToken, "drive.changes.list": changesList,
		"drive.revisions.list": revisionsList, "drive.revisions.get": revisionsGet, "drive.comments.list": commentsList,
		"directory.users.list": usersList, "directory.members.list": membersList, "directory.domains.list": domainsList,
		"directory.tokens.list": tokensList, "groupsSettings.groups.get": groupSettings,
		"reports.activities.list": activitiesList, "docs.documents.get": documentsGet,
	}
}

func notFound(what string) *refusal {
	return &refusal{404, "global", "notFound", "File not found: " + what + "."}
}

func forbidden(reason string) *refusal { return &refusal{403, "global", reason, reason} }

func aboutGet(c *call) (any, *refusal) {
	return object{"user": c.person(c.subject.Email), "kind": "drive#about"}, nil
}

func (c *call) person(email string) object {
	o := object{"kind": "drive#user", "emailAddress": email, "permissionId": idOf(email), "displayName": email, "me": email == c.subject.Email}
	if u := c.user(email); u != nil {
		o["displayName"] = u.Name
	}
	return o
}

// sees reports whether the subject may read a file whose id it knows.
func (c *call) sees(f *File) bool { return c.role(f, c.subject.Email, true, c.now) != "" }

// find returns a file that the subject may look at.
func (c *call) find(id string) (*File, *refusal) {
	f := c.files[id]
	if f == nil || !c.sees(f) {
		return nil, notFound(id)
	}
	if f.NeedsKey && c.role(f, c.subject.Email, false, c.now) == "" && !c.keyed(f) {
		return nil, notFound(id)
	}
	if f.Drive != "" && c.args.Get("supportsAllDrives") != "true" && slices.Contains([]string{"drive.files.get", "drive.permissions.list"}, c.method.ID) {
		return nil, notFound(id)
	}
	return f, nil
}

// keyed reports whether the request brings the file's resource key.
func (c *call) keyed(f *File) bool {
	for pair := range strings.SplitSeq(c.r.Header.Get("X-Goog-Drive-Resource-Keys"), ",") {
		if pair == f.ID+"/"+f.ResourceKey {
			return true
		}
	}
	return false
}

// canShare reports whether the subject may change who reads a file.
func (c *call) canShare(f *File) bool {
	role := c.role(f, c.subject.Email, false, c.now)
	return role == "owner" || role == "writer" || role == "organizer" || role == "fileOrganizer"
}

// visibility is what Drive's search calls it.
func (c *call) visibility(f *File) string {
	best := "limited"
	order := []string{"limited", "domainWithLink", "domainCanFind", "anyoneWithLink", "anyoneCanFind"}
	for _, h := range c.effective(f) {
		v := ""
		switch {
		case h.Deleted || h.View != "":
		case h.Type == "anyone" && h.Discoverable:
			v = "anyoneCanFind"
		case h.Type == "anyone":
			v = "anyoneWithLink"
		case h.Type == "domain" && h.Discoverable:
			v = "domainCanFind"
		case h.Type == "domain":
			v = "domainWithLink"
		}
		if slices.Index(order, v) > slices.Index(order, best) {
			best = v
		}
	}
	return best
}

func filesList(c *call) (any, *refusal) {
	q := query(func(*call, *File) bool { return true })
	if s := c.args.Get("q"); s != "" {
		var err error
		if q, err = parseQuery(s); err != nil {
			c.tell("drivetest: %v", err)
			return nil, &refusal{400, "global", "invalid", err.Error()}
		}
	}
	everywhere := c.args.Get("includeItemsFromAllDrives") == "true"
	if everywhere && c.args.Get("supportsAllDrives") != "true" {
		return nil, forbidden("teamDrivesParentLimit")
	}
	var base []*File
	incomplete := false
	switch corpora := cmp.Or(c.args.Get("corpora"), "user"); corpora {
	case "drive":
		d := c.drive(c.args.Get("driveId"))
		if d == nil || c.memberOf(d, c.subject.Email, c.now) == "" {
			return nil, &refusal{404, "global", "notFound", "Shared drive not found: " + c.args.Get("driveId")}
		}
		if !everywhere {
			return nil, &refusal{403, "global", "includeItemsFromAllDrivesRequired", "includeItemsFromAllDrives must be true"}
		}
		base = c.within[d.ID]
	case "user":
		if c.args.Get("driveId") != "" {
			return nil, &refusal{400, "global", "invalid", "driveId needs corpora=drive"}
		}
		base = slices.Clone(c.owned[c.subject.Email])
		seen := map[*File]bool{}
		for _, f := range c.shared {
			if strings.Contains(c.args.Get("q"), "'me' in owners") {
				break // none of others'
			}
			if seen[f] || f.Owner == c.subject.Email || f.Drive != "" && !everywhere {
				continue
			}
			seen[f] = true
			if slices.ContainsFunc(f.Permissions, func(p *Permission) bool { return c.Org.grants(p, c.subject.Email, false, c.now) }) {
				base = append(base, f)
			}
		}
	case "allDrives", "domain":
		incomplete = c.Incomplete
		for _, f := range c.files {
			if c.role(f, c.subject.Email, false, c.now) != "" {
				base = append(base, f)
			}
		}
		slices.SortFunc(base, func(a, b *File) int { return cmp.Compare(a.ID, b.ID) })
	default:
		return nil, &refusal{400, "global", "invalid", "corpora"}
	}
	var found []*File
	for _, f := range base {
		if c.files[f.ID] == f && q(c, f) {
			found = append(found, f)
		}
	}
	switch order := c.args.Get("orderBy"); order {
	case "":
	case "folder":
		slices.SortStableFunc(found, func(a, b *File) int {
			return cmp.Compare(bool2int(a.MIME != Folder), bool2int(b.MIME != Folder))
		})
	default:
		c.tell("drivetest: orderBy %q", order)
		return nil, &refusal{400, "global", "invalid", "orderBy"}
	}
	from, to, next, bad := c.page(len(found), "pageSize", 100, 1000)
	if bad != nil {
		return nil, bad
	}
	list := make([]object, 0, to-from)
	for _, f := range found[from:to] {
		list = append(list, c.file(f, c.fields["files"]))
	}
	o := object{"kind": "drive#fileList", "files": list, "incompleteSearch": incomplete}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func bool2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

// wants reports whether a mask asks for a field.
func (m mask) wants(name string) bool {
	if m == nil {
		return true
	}
	_, ok := m[name]
	_, all := m["*"]
	return ok || all
}

// file is the file object as the subject sees it, as far as a mask wants it.
func (c *call) file(f *File, m mask) object {
	o := object{
		"kind": "drive#file", "id": f.ID, "name": f.Name, "mimeType": f.MIME, "trashed": f.Trashed, "explicitlyTrashed": f.Trashed,
		"createdTime": f.Created.Format(time.RFC3339), "modifiedTime": f.Modified.Format(time.RFC3339), "version": strconv.Itoa(f.version),
		"webViewLink": "https://drive.google.com/file/d/" + f.ID + "/view", "shared": len(c.effective(f)) > 1, "ownedByMe": f.Owner != "" && f.Owner == c.subject.Email,
	}
	if f.Parent != "" {
		if p := c.files[f.Parent]; p != nil && c.role(p, c.subject.Email, false, c.now) != "" {
			o["parents"] = []string{f.Parent}
		}
	} else if f.Drive != "" {
		o["parents"] = []string{f.Drive}
	}
	if f.Owner != "" {
		o["owners"] = []object{c.person(f.Owner)}
	} else {
		o["driveId"] = f.Drive
		o["hasAugmentedPermissions"] = len(f.Permissions) > 0
	}
	if f.NoInherit {
		o["inheritedPermissionsDisabled"] = true
	}
	if f.ResourceKey != "" {
		o["resourceKey"] = f.ResourceKey
		o["linkShareMetadata"] = object{"securityUpdateEligible": true, "securityUpdateEnabled": f.NeedsKey}
	}
	if f.Target != "" {
		t := object{"targetId": f.Target}
		if tf := c.files[f.Target]; tf != nil {
			t["targetMimeType"] = tf.MIME
			if tf.ResourceKey != "" {
				t["targetResourceKey"] = tf.ResourceKey
			}
		}
		o["shortcutDetails"] = t
	}
	if f.Encrypted {
		o["clientEncryptionDetails"] = object{"encryptionState": "encrypted"}
	}
	if !strings.HasPrefix(f.MIME, "application/vnd.google-apps.") {
		o["size"] = strconv.Itoa(len(f.Bytes))
		o["headRevisionId"] = "head" + strconv.Itoa(f.version)
		if m.wants("md5Checksum") || m.wants("sha256Checksum") {
			o["md5Checksum"], o["sha256Checksum"] = md5Of(f.Bytes), sha256Of(f.Bytes)
		}
	}
	if m.wants("capabilities") {
		o["capabilities"] = object{
			"canDownload": !f.NoDownload, "canShare": c.canShare(f),
			"canReadRevisions": c.canShare(f) && !f.NoDownload, "canComment": true,
		}
	}
	if m.wants("exportLinks") && len(f.Exports) > 0 && !c.NoExportLinks {
		links := object{}
		for mime := range f.Exports {
			links[mime] = "https://docs.google.com/feeds/download/export/Export?id=" + f.ID + "&exportFormat=" + mime
		}
		o["exportLinks"] = links
	}
	if f.Drive == "" && c.canShare(f) && m.wants("permissions") {
		var list []object
		for _, h := range c.effective(f) {
			if h.View == "" || c.args.Get("includePermissionsForView") == h.View || h.View == "metadata" {
				list = append(list, c.permission(h, false))
			}
		}
		o["permissions"] = list
	}
	if m.wants("permissionIds") {
		var ids []string
		for _, h := range c.effective(f) {
			ids = append(ids, h.ID)
		}
		o["permissionIds"] = ids
	}
	return o
}

func (c *call) permission(h held, shared bool) object {
	o := object{"kind": "drive#permission", "id": h.ID, "type": h.Type, "role": h.Role}
	if h.Email != "" {
		o["emailAddress"], o["deleted"] = h.Email, h.Deleted
	}
	if h.Domain != "" {
		o["domain"] = h.Domain
	}
	if h.Type == "domain" || h.Type == "anyone" {
		o["allowFileDiscovery"] = h.Discoverable
	}
	if !h.Expires.IsZero() {
		o["expirationTime"] = h.Expires.Format(time.RFC3339)
	}
	if h.View != "" {
		o["view"] = h.View
	}
	d := object{"permissionType": "file", "role": h.Role, "inherited": h.inherited}
	if h.member {
		d["permissionType"] = "member"
	}
	if shared && h.inherited {
		d["inheritedFrom"] = h.from
	}
	o["permissionDetails"] = []object{d}
	return o
}

func filesGet(c *call) (any, *refusal) {
	f, bad := c.find(c.vars["fileId"])
	if bad != nil {
		return nil, bad
	}
	if c.args.Get("alt") == "media" {
		return nil, c.media(f, f.Bytes)
	}
	return c.file(f, c.fields), nil
}

// content says why a file's bytes are not given; nil they are.
func (c *call) content(f *File) *refusal {
	owner := c.user(f.Owner)
	switch {
	case !c.has("drive", "drive.readonly"):
		return &refusal{403, "global", "insufficientPermissions", "Request had insufficient authentication scopes."}
	case f.NoDownload:
		return forbidden("cannotDownloadFile")
	case f.Abusive && c.args.Get("acknowledgeAbuse") != "true":
		return forbidden("cannotDownloadAbusiveFile")
	case owner != nil && (owner.Suspended || owner.Archived):
		return forbidden("domainPolicy")
	}
	return nil
}

// media sends bytes, the range of them that was asked for.
func (c *call) media(f *File, data []byte) *refusal {
	if bad := c.content(f); bad != nil {
		return bad
	}
	if strings.HasPrefix(f.MIME, "application/vnd.google-apps.") {
		return forbidden("fileNotDownloadable")
	}
	c.w.Header().Set("Content-Type", f.MIME)
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

func filesExport(c *call) (any, *refusal) {
	f, bad := c.find(c.vars["fileId"])
	if bad != nil {
		return nil, bad
	}
	if bad := c.content(f); bad != nil {
		return nil, bad
	}
	data, ok := f.Exports[c.args.Get("mimeType")]
	switch {
	case !ok:
		return nil, &refusal{400, "global", "badRequest", "The requested conversion is not supported."}
	case len(data) > c.ExportCap:
		return nil, forbidden("exportSizeLimitExceeded")
	}
	c.w.Header().Set("Content-Type", c.args.Get("mimeType"))
	_, _ = c.w.Write(data)
	return nil, nil
}

func (c *call) exportLink() {
	q := c.r.URL.Query()
	f := c.files[q.Get("id")]
	c.method = &method{ID: "exportLink"}
	if f == nil || !c.sees(f) {
		notFound(q.Get("id")).write(c.w)
		return
	}
	if bad := c.content(f); bad != nil {
		bad.write(c.w)
		return
	}
	data := f.Exports[q.Get("exportFormat")]
	for _, r := range f.Revisions {
		if r.ID == q.Get("revision") {
			data = r.Exports[q.Get("exportFormat")]
		}
	}
	_, _ = c.w.Write(data)
}

func permissionsList(c *call) (any, *refusal) {
	id := c.vars["fileId"]
	admin := c.args.Get("useDomainAdminAccess") == "true"
	if admin && !c.subject.Admin {
		return nil, forbidden("insufficientFilePermissions")
	}
	var all []held
	if d := c.drive(id); d != nil {
		if !admin && c.memberOf(d, c.subject.Email, c.now) == "" {
			return nil, notFound(id)
		}
		for _, p := range d.Members {
			all = append(all, held{Permission: p, member: true})
		}
	} else {
		f, bad := c.find(id)
		if bad != nil {
			return nil, bad
		}
		if f.Drive == "" && !c.canShare(f) {
			return nil, forbidden("insufficientFilePermissions")
		}
		all = c.effective(f)
	}
	all = slices.DeleteFunc(all, func(h held) bool {
		return h.View == "published" && c.args.Get("includePermissionsForView") != "published"
	})
	from, to, next, bad := c.page(len(all), "pageSize", 100, 100)
	if bad != nil {
		return nil, bad
	}
	list := []object{}
	for _, h := range all[from:to] {
		list = append(list, c.permission(h, true))
	}
	o := object{"kind": "drive#permissionList", "permissions": list}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func drivesList(c *call) (any, *refusal) {
	admin := c.args.Get("useDomainAdminAccess") == "true"
	if admin && !c.subject.Admin {
		return nil, forbidden("insufficientFilePermissions")
	}
	var all []object
	for _, d := range c.Drives {
		if admin || c.memberOf(d, c.subject.Email, c.now) != "" {
			all = append(all, driveObject(d))
		}
	}
	from, to, next, bad := c.page(len(all), "pageSize", 10, 100)
	if bad != nil {
		return nil, bad
	}
	o := object{"kind": "drive#driveList", "drives": all[from:to]}
	if next != "" {
		o["nextPageToken"] = next
	}
	return o, nil
}

func driveObject(d *Drive) object {
	return object{"kind": "drive#drive", "id": d.ID, "name": d.Name}
}

func drivesGet(c *call) (any, *refusal) {
	d := c.drive(c.vars["driveId"])
	admin := c.args.Get("useDomainAdminAccess") == "true" && c.subject.Admin
	if d == nil || !admin && c.memberOf(d, c.subject.Email, c.now) == "" {
		return nil, &refusal{404, "global", "notFound", "Shared drive not found"}
	}
	return driveObject(d), nil
}
