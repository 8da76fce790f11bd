// Package gdrive is the Source of Google Drive: of one person, of one file or
// folder, of one shared drive, or of a whole organisation, which a service account
// with domain-wide delegation reads as each of its people.
//
// A container is somebody's My Drive or a shared drive; an item is a file, and
// where that is asked for its older revisions and its comments. Files are listed
// with their permissions in pages of the largest size, so that who can read them is
// judged without another request; what is not shared widely enough to be wanted
// is left out before its content is read. Documents are read with all their tabs,
// spreadsheets and presentations in the formats that hold all of their sheets and
// notes, everything else as the bytes that it is.
//
// Cursors hold a page's token and the change token that was taken before the
// listing began; the last cursor of a listing is that change token. Requests are
// spaced by Google's quota, repeated for the reasons that Google documents as
// passing, and carry a field mask always. Nothing but reading is asked for, and
// no scope that could write.
//
// This package knows Drive's API, and of the Directory, Groups Settings, Reports and
// Docs APIs what an audience or a text needs. It does not know what is looked for,
// or where a token is kept.
package gdrive
