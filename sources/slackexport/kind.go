package slackexport

import (
	"slices"
	"strings"
	"time"
)

// kind says how a file of an export is read.
type kind uint8

const (
	rawFile    kind = iota // bytes as they are
	slackFile              // Slack's own JSON
	dayFile                // messages: those of a day, or of a whole conversation
	uploadFile             // bytes that somebody put beside a message
)

// kindOf tells by its name what a file of a place is.
func (p *place) kindOf(name string) kind {
	if slices.Contains(p.own, name) {
		return dayFile
	}
	rest := name
	if p.dir != "" {
		rest = strings.TrimPrefix(name, p.dir+"/")
	}
	switch {
	case p.dir == uploads, strings.HasPrefix(rest, attachments+"/"), len(p.own) > 0:
		return uploadFile
	case strings.Contains(rest, "/") || !strings.HasSuffix(strings.TrimSuffix(rest, ".gz"), ".json"):
		return rawFile
	case p.dir != "" && !dayOf(name).IsZero():
		return dayFile
	}
	return slackFile
}

// dayOf is the day that a file is named after; zero if it is not.
func dayOf(name string) time.Time {
	name = name[strings.LastIndexByte(name, '/')+1:]
	t, err := time.Parse("2006-01-02.json", name)
	if err != nil {
		return time.Time{}
	}
	return t
}

// dayName is the file of a place that a day's messages are in.
func (p *place) dayName(day time.Time) string {
	return p.dir + "/" + day.Format("2006-01-02") + ".json"
}

// fileID is the id of the file that somebody put beside a message, "" where the
// name does not tell.
func (p *place) fileID(name string) string {
	rest := strings.TrimPrefix(name, p.dir+"/")
	if p.dir == uploads {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	id, _, ok := strings.Cut(strings.TrimPrefix(rest, attachments+"/"), "-")
	if !ok {
		return ""
	}
	return id
}
