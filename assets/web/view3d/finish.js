// How surfaces look: daylight from above, a key light and a rim light, and for metal the reflection of a studio that
// is not there. One short shader for everything, so that it is ready at once and an old laptop can draw it.
import { ShaderMaterial } from "../three/three.module.js";

const VERTEX = `
  varying vec3 facing;
  varying vec3 place;
  void main() {
    vec4 world = modelMatrix * vec4(position, 1.0);
    facing = mat3(modelMatrix) * normal; // bodies are turned and moved, never scaled
    place = world.xyz;
    gl_Position = projectionMatrix * viewMatrix * world;
  }`;

const FRAGMENT = `
  uniform vec3 colour;
  uniform float metal;
  uniform float gloss;
  varying vec3 facing;
  varying vec3 place;

  const vec3 KEY = vec3(-0.34, -0.59, 0.73);
  const vec3 RIM = vec3(0.30, 0.80, 0.52);
  const vec3 KEY_LIGHT = vec3(0.86, 0.84, 0.81);
  const vec3 RIM_LIGHT = vec3(0.22, 0.24, 0.27);
  const vec3 SKY = vec3(0.34, 0.35, 0.37);
  const vec3 GROUND = vec3(0.13, 0.13, 0.14);

  void main() {
    vec3 n = normalize(facing);
    vec3 eye = normalize(cameraPosition - place);
    vec3 light = mix(GROUND, SKY, 0.5 + 0.5 * n.z) + KEY_LIGHT * max(dot(n, KEY), 0.0) + RIM_LIGHT * max(dot(n, RIM), 0.0);
    float shine = mix(12.0, 90.0, gloss * gloss);
    float spark = pow(max(dot(n, normalize(KEY + eye)), 0.0), shine) + 0.6 * pow(max(dot(n, normalize(RIM + eye)), 0.0), shine);
    vec3 away = reflect(-eye, n);
    float studio = 0.06 + 0.5 * smoothstep(-0.1, 1.0, away.z) + 1.1 * smoothstep(0.55, 0.98, dot(away, KEY)) + 0.6 * smoothstep(0.6, 0.98, dot(away, RIM));
    float edge = 1.0 - max(dot(n, eye), 0.0);
    edge *= edge * edge;
    vec3 lit = colour * light * (1.0 - 0.35 * metal);
    lit += metal * (colour * 1.1 + 0.02) * studio;
    lit += spark * gloss * mix(0.16, 0.30, metal) + edge * mix(0.03, 0.16, metal) * (0.5 + 0.5 * n.z);
    gl_FragColor = vec4(lit, 1.0);
    #include <colorspace_fragment>
  }`;

// A glTF material in these terms.
export function finished({ name, color, metalness, roughness }) {
  const uniforms = { colour: { value: color }, metal: { value: metalness }, gloss: { value: 1 - roughness } };
  return new ShaderMaterial({ name, uniforms, vertexShader: VERTEX, fragmentShader: FRAGMENT });
}
