package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Names come from scanned places and need not be UTF-8, which JSON cannot hold.
// A byte that is not part of valid UTF-8 is written as U+0000 and two hex
// digits, and so is U+0000 itself, so that every name comes back as it was.
// A time that JSON cannot hold (a year beyond 9999) becomes unknown.

// encode returns records as a JSON array. It does not change them.
func encode(records []Record) ([]byte, error) {
	for i := range records {
		if err := records[i].check(); err != nil {
			return nil, err
		}
	}
	raw, err := json.Marshal(records)
	if err == nil && !bytes.Contains(raw, []byte(`\ufffd`)) && !bytes.Contains(raw, []byte(`\u0000`)) {
		return raw, nil
	}
	safe := mapped(reflect.ValueOf(records), escape, storable)
	return json.Marshal(safe.Interface())
}

// decode is the inverse of encode.
func decode(raw []byte) ([]Record, error) {
	var records []Record
	if err := json.Unmarshal(raw, &records); err != nil {
		return nil, errors.New("is not written as this version writes it") // the error of json may quote the line
	}
	for i := range records {
		if err := records[i].check(); err != nil {
			return nil, errors.New("holds a record that this version does not know")
		}
	}
	if bytes.Contains(raw, []byte(`\u0000`)) {
		same := func(t time.Time) time.Time { return t }
		records = mapped(reflect.ValueOf(records), unescape, same).Interface().([]Record)
	}
	return records, nil
}

// check reports a record that does not have exactly one field set.
func (r *Record) check() error {
	n := 0
	for _, set := range [...]bool{
		r.Run != nil, r.Source != nil, r.Sighting != nil, r.Audience != nil,
		r.Verdict != nil, r.Facts != nil, r.Account != nil, r.Gap != nil, r.Ignore != nil, r.Checkpoint != nil, r.End != nil,
		r.Skip != nil, r.Since != nil, r.Seen != nil,
	} {
		if set {
			n++
		}
	}
	if n != 1 {
		return errors.New("journal: a record must have exactly one field set")
	}
	return nil
}

func escape(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			b.WriteByte(0)
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func unescape(s string) string {
	if !strings.Contains(s, "\x00") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == 0 && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// storable returns t as JSON can hold it, or the zero time.
func storable(t time.Time) time.Time {
	if _, err := t.MarshalJSON(); err == nil {
		return t
	}
	if u := t.UTC(); u.Year() >= 0 && u.Year() <= 9999 {
		return u
	}
	return time.Time{}
}

// mapped returns a copy of v with every string and time in it replaced.
func mapped(v reflect.Value, str func(string) string, tim func(time.Time) time.Time) reflect.Value {
	if t, ok := v.Interface().(time.Time); ok {
		return reflect.ValueOf(tim(t))
	}
	switch v.Kind() {
	case reflect.String:
		out := reflect.New(v.Type()).Elem()
		out.SetString(str(v.String()))
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(mapped(v.Elem(), str, tim))
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			out.Field(i).Set(mapped(v.Field(i), str, tim))
		}
		return out
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(mapped(v.Index(i), str, tim))
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(mapped(it.Key(), str, tim), mapped(it.Value(), str, tim))
		}
		return out
	}
	return v
}
