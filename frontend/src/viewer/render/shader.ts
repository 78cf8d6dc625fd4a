/** The shaders. Grey values are looked up, never computed. */
export const VERTEX_SHADER = `#version 300 es
const vec2 CORNERS[3] = vec2[3](vec2(-1.0, -1.0), vec2(3.0, -1.0), vec2(-1.0, 3.0));
void main() { gl_Position = vec4(CORNERS[gl_VertexID], 0.0, 1.0); }
`;

const GREY_LOOKUP = `
uniform highp usampler2D pixels;
uniform highp sampler2D table;
vec3 look(ivec2 at) {
  uint stored = texelFetch(pixels, at, 0).r;
  return vec3(texelFetch(table, ivec2(int(stored & 255u), int(stored >> 8u)), 0).r);
}
`;

const COLOUR_LOOKUP = `
uniform highp sampler2D pixels;
uniform highp sampler2D table;
vec3 look(ivec2 at) {
  ivec3 stored = ivec3(texelFetch(pixels, at, 0).rgb * 255.0 + 0.5);
  return vec3(texelFetch(table, ivec2(stored.r, 0), 0).r, texelFetch(table, ivec2(stored.g, 0), 0).r, texelFetch(table, ivec2(stored.b, 0), 0).r);
}
`;

const SAMPLING = `
uniform vec4 toImage;
uniform vec2 offset;
uniform vec2 extent;
uniform float screenHeight;
out vec4 colour;

vec2 imagePoint(vec2 screen) {
  return vec2(dot(toImage.xy, screen), dot(toImage.zw, screen)) + offset;
}

vec3 lookInside(ivec2 at) {
  return look(clamp(at, ivec2(0), ivec2(extent) - 1));
}

vec3 blended(vec2 point) {
  vec2 corner = floor(point - 0.5);
  vec2 part = point - 0.5 - corner;
  ivec2 at = ivec2(corner);
  vec3 upper = mix(lookInside(at), lookInside(at + ivec2(1, 0)), part.x);
  vec3 lower = mix(lookInside(at + ivec2(0, 1)), lookInside(at + ivec2(1, 1)), part.x);
  return mix(upper, lower, part.y);
}

vec3 averaged(vec2 screen) {
  vec3 sum = vec3(0.0);
  for (int down = 0; down < SAMPLES_DOWN; down++) {
    for (int across = 0; across < SAMPLES_ACROSS; across++) {
      vec2 within = (vec2(float(across), float(down)) + 0.5) / vec2(SAMPLES_ACROSS, SAMPLES_DOWN) - 0.5;
      sum += lookInside(ivec2(floor(imagePoint(screen + within))));
    }
  }
  return sum / float(SAMPLES_ACROSS * SAMPLES_DOWN);
}

void main() {
  vec2 screen = vec2(gl_FragCoord.x, screenHeight - gl_FragCoord.y);
  vec2 point = imagePoint(screen);
  if (any(lessThan(point, vec2(0.0))) || any(greaterThanEqual(point, extent))) {
    colour = vec4(0.0);
    return;
  }
  colour = vec4(SMOOTHLY ? blended(point) : averaged(screen), 1.0);
}
`;

const HEADER = '#version 300 es\nprecision highp float;\nprecision highp int;\n';

/** What a shader is compiled for: constants let the compiler unroll, which software renderers live on. */
export interface ShaderPlan {
  readonly kind: 'grey' | 'colour';
  readonly across: number;
  readonly down: number;
  readonly smooth: boolean;
}

export function shaderKey(plan: ShaderPlan): string {
  return `${plan.kind} ${plan.across} ${plan.down} ${plan.smooth}`;
}

export function fragmentShader(plan: ShaderPlan): string {
  const constants = `#define SAMPLES_ACROSS ${plan.across}\n#define SAMPLES_DOWN ${plan.down}\n#define SMOOTHLY ${plan.smooth}\n`;
  return HEADER + constants + (plan.kind === 'grey' ? GREY_LOOKUP : COLOUR_LOOKUP) + SAMPLING;
}
