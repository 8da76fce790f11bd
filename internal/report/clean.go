package report

import (
	"reflect"
	"time"
)

// clean returns a copy of v, a struct of names and answers from networks, whose
// strings and times JSON can hold: see text and when.
func clean[T any](v T) T {
	return cleaned(reflect.ValueOf(v)).Interface().(T)
}

func cleaned(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	if at, ok := v.Interface().(time.Time); ok {
		out.Set(reflect.ValueOf(orZero(when(at))))
		return out
	}
	switch v.Kind() {
	case reflect.String:
		out.SetString(text(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(cleaned(v.Field(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(cleaned(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(cleaned(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMap(v.Type()))
			for _, k := range v.MapKeys() {
				out.SetMapIndex(cleaned(k), cleaned(v.MapIndex(k)))
			}
		}
	default:
		out.Set(v)
	}
	return out
}
