package gdrive

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/drive/v3"
	"google.golang.org/api/googleapi"

	"mislaid/sources"
)

// MIME types of Google's own (developers.google.com, "Google Workspace and
// Google Drive supported MIME types", 2026).
const (
	appsPrefix  = "application/vnd.google-apps."
	mimeFolder  = appsPrefix + "folder"
	mimeLink    = appsPrefix + "shortcut"
	mimeDoc     = appsPrefix + "document"
	mimeSheet   = appsPrefix + "spreadsheet"
	mimeSlides  = appsPrefix + "presentation"
	mimeScript  = appsPrefix + "script"
	mimeDrawing = appsPrefix + "drawing"
)

// export is how a file of Google's own is read.
type export struct {
	mime string // "" it is not
	skip string // left out by rule, why
}

// exports are the formats that hold the most: all sheets, and the notes of
// slides. What is not in the table cannot be exported by anybody.
var exports = map[string]export{
	mimeDoc:     {mime: "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	mimeSheet:   {mime: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	mimeSlides:  {mime: "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	mimeScript:  {mime: "application/vnd.google-apps.script+json"},
	mimeDrawing: {skip: "drawing"},
}

// permissionFields and fileFields are the field masks: what judging and reading
// a file needs, and no more.
const (
	permissionFields = "id,type,role,emailAddress,domain,allowFileDiscovery,expirationTime,deleted,view,permissionDetails(inherited,inheritedFrom,permissionType)"
	fileFields       = "id,name,mimeType,size,trashed,createdTime,modifiedTime,version,headRevisionId,md5Checksum,parents,owners(emailAddress)," +
		"lastModifyingUser(emailAddress),driveId,webViewLink,resourceKey,shortcutDetails(targetId,targetMimeType,targetResourceKey)," +
		"hasAugmentedPermissions,inheritedPermissionsDisabled,clientEncryptionDetails(encryptionState),capabilities(canDownload,canReadRevisions)," +
		"permissionIds,permissions(" + permissionFields + ")"
)

// published asks for grants by "publish to web" too.
const published = "published"

// file is a file as Drive tells of it.
type file struct{ *drive.File }

// version changes when the bytes do. A blob's is its revision and checksum, which
// other changes leave alone; Google's own formats have only a counter of every
// change.
func (f file) version() string {
	if f.HeadRevisionId != "" || f.Md5Checksum != "" {
		return f.HeadRevisionId + "-" + f.Md5Checksum
	}
	return fmt.Sprintf("v%d-%s", f.Version, f.ModifiedTime)
}

func (f file) owner() string {
	if len(f.Owners) > 0 {
		return f.Owners[0].EmailAddress
	}
	return ""
}

func (f file) isFolder() bool { return f.MimeType == mimeFolder }

func (f file) isLink() bool { return f.MimeType == mimeLink }

// isBlob reports whether the file is bytes that somebody uploaded.
func (f file) isBlob() bool { return !strings.HasPrefix(f.MimeType, appsPrefix) }

// parent is the folder or shared drive that holds the file; "" none that we see.
func (f file) parent() string {
	if len(f.Parents) > 0 {
		return f.Parents[0]
	}
	return ""
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// item is the item of a file in a container. The error says why its bytes are
// not read.
func (s *Source) item(ct *container, f file, path string) (sources.Item, error) {
	if f.Trashed {
		path += " (in the trash)"
	}
	it := sources.Item{
		Container: ct.id, ID: f.Id, Path: path, Link: f.WebViewLink, Author: f.owner(), Ranges: f.isBlob(), Own: f,
		Attr: sources.Attr{Size: -1, ModTime: parseTime(f.ModifiedTime), Version: f.version()},
	}
	if f.LastModifyingUser != nil && f.LastModifyingUser.EmailAddress != "" {
		it.Author = f.LastModifyingUser.EmailAddress
	}
	if f.isBlob() {
		it.Attr.Size = f.Size
	}
	return it, s.readable(f)
}

// readable says why a file's content is not read; nil it is.
func (s *Source) readable(f file) error {
	e, known := exports[f.MimeType]
	switch {
	case f.isFolder():
		return nil // it has none
	case f.ClientEncryptionDetails != nil && f.ClientEncryptionDetails.EncryptionState == "encrypted":
		return fmt.Errorf("gdrive: %s is encrypted by the organisation's own keys; decrypt it and scan the copy: %w", f.Id, sources.ErrUnsupported)
	case e.skip != "":
		return &sources.SkipError{Reason: e.skip}
	case !f.isBlob() && !known:
		return fmt.Errorf("gdrive: Google exports nothing of the kind %s: %w", strings.TrimPrefix(f.MimeType, appsPrefix), sources.ErrUnsupported)
	case f.Capabilities != nil && !f.Capabilities.CanDownload:
		return newAPIError("files.get", http.StatusForbidden, "cannotDownloadFile")
	}
	if p, ok := s.people.byEmail(f.owner()); ok && p.away() != "" {
		return fmt.Errorf("gdrive: the account of the owner, %s, is %s, and Google gives nobody its content: activate it for the scan, or transfer its files: %w", p.Email, p.away(), sources.ErrDenied)
	}
	return nil
}

// keyHeader is how a resource key is sent.
func keyHeader(h http.Header, f file) {
	if f.ResourceKey != "" {
		h.Set("X-Goog-Drive-Resource-Keys", f.Id+"/"+f.ResourceKey)
	}
}

// get asks for a file.
func (c *session) get(ctx context.Context, id, key string, fields string) (file, error) {
	if !isID(id) {
		return file{}, fmt.Errorf("gdrive: no file %q: %w", id, sources.ErrGone)
	}
	call := c.drive.Files.Get(id).SupportsAllDrives(true).Fields(googleapi.Field(fields)).Context(ctx)
	if strings.Contains(fields, "permissions") {
		call.IncludePermissionsForView(published)
	}
	keyHeader(call.Header(), file{&drive.File{Id: id, ResourceKey: key}})
	f, err := call.Do()
	if err != nil {
		return file{}, failed(ctx, "files.get", err)
	}
	return file{f}, nil
}

// permissions asks for all that apply to a file or shared drive. admin asks as
// the organisation's administrator.
func (c *session) permissions(ctx context.Context, id string, admin bool) ([]*drive.Permission, error) {
	var all []*drive.Permission
	token := ""
	for {
		call := c.drive.Permissions.List(id).SupportsAllDrives(true).PageSize(100).
			Fields("nextPageToken,permissions(" + permissionFields + ")").Context(ctx)
		if admin {
			call.UseDomainAdminAccess(true)
		} else {
			call.IncludePermissionsForView(published)
		}
		if token != "" {
			call.PageToken(token)
		}
		page, err := call.Do()
		if err != nil {
			return nil, failed(ctx, "permissions.list", err)
		}
		all = append(all, page.Permissions...)
		if token = page.NextPageToken; token == "" {
			return all, nil
		}
	}
}

// isID reports whether id has the form of Drive's ids.
func isID(id string) bool {
	if len(id) < 2 || len(id) > 200 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// owned reports whether one of a file's owners is among some.
func owned(f file, by []string) bool {
	return slices.ContainsFunc(f.Owners, func(u *drive.User) bool {
		return slices.ContainsFunc(by, func(want string) bool { return strings.EqualFold(want, u.EmailAddress) })
	})
}
