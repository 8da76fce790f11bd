package pdf

// matrix is [a b c d e f]: x' = ax + cy + e, y' = bx + dy + f (8.3.3).
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// mul returns the matrix that applies m first, and then n.
func (m matrix) mul(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// moved returns m for an origin moved by x and y.
func (m matrix) moved(x, y float64) matrix {
	m[4] += x*m[0] + y*m[2]
	m[5] += x*m[1] + y*m[3]
	return m
}

func (d *Document) matrix(o object) matrix {
	a := d.array(o)
	if len(a) < 6 {
		return identity
	}
	var m matrix
	for i := range m {
		m[i] = d.number(a[i])
	}
	return m
}
