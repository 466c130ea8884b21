// What stands on the stage: a relic's mesh under the studio's light, and the floor with its shadow.
import { Box3, Group, Mesh, PlaneGeometry, Vector2, Vector3 } from 'three';
import { dispose } from './levels.js';
import { groundMaterial, relicMaterial } from './material.js';
import { firstHit, positionsOf } from './rays.js';
import { CONTACT_REACH, createStudio } from './studio.js';

/** The world of a stage; adds to it what its layers ask for: camera, eye, middle and size (the
 * radius) of the relic. `small`: a device that has less to spare.
 */
export function createWorld(stage, camera, small) {
  const { renderer, scene, element } = stage;
  const studio = createStudio(renderer, small);
  const restored = { value: 0 };
  const model = new Group();
  model.userData.casts = true;
  const ground = new Mesh(
    new PlaneGeometry(1, 1).rotateX(-Math.PI / 2), groundMaterial(studio, CONTACT_REACH, small),
  );
  ground.renderOrder = -1;
  scene.add(model, ground);
  const box = new Box3();
  const pointer = new Vector2();
  const towards = new Vector3();
  let current = null;

  Object.assign(stage, { camera: camera.camera, eye: new Vector3(), middle: [0, 0, 0], size: 1 });

  /** The camera where its view is, which may have changed since the last picture. */
  function look() {
    camera.apply(stage.aspect);
    stage.eye.copy(camera.camera.position);
  }

  return {
    studio, restored, box, model,
    get there() { return current !== null; },
    draw() {
      look();
      ground.visible = stage.eye.y > box.min.y;
      studio.update(scene, camera.view.theta);
      renderer.render(scene, camera.camera);
    },
    /** What is seen at a pixel of the stage: {point, normal, distance} of the surface, or null. */
    pick(x, y) {
      if (!current) return null;
      look();
      pointer.set((x / element.clientWidth) * 2 - 1, 1 - (y / element.clientHeight) * 2);
      towards.set(pointer.x, pointer.y, 0.5).unproject(camera.camera).sub(stage.eye).normalize();
      return firstHit(current, stage.eye, towards);
    },
    hit: (from, direction) => (current ? firstHit(current, from, direction) : null),
    /** Put a mesh of GLTFLoader's in the place of the last one. */
    place(mesh) {
      mesh.material = relicMaterial(mesh, studio, {
        restored, small, pixelRatio: stage.pixelRatio,
        anisotropy: Math.min(8, renderer.capabilities.getMaxAnisotropy()),
      });
      // Sent to the graphics card before it is shown, so that the change is not seen.
      for (const texture of mesh.material.userData.textures) renderer.initTexture(texture);
      mesh.matrixWorld.decompose(mesh.position, mesh.quaternion, mesh.scale);
      model.add(mesh);
      mesh.updateMatrixWorld(true);
      this.clear();
      current = mesh;
      mesh.geometry.computeBoundingBox();
      box.copy(mesh.geometry.boundingBox).applyMatrix4(mesh.matrixWorld);
      studio.around(box);
    },
    /** A relic's first level is there: take its measure. Returns all of its points. */
    arrive() {
      stage.size = box.min.distanceTo(box.max) / 2 || 1;
      stage.middle = box.getCenter(new Vector3()).toArray();
      camera.size = stage.size;
      ground.scale.setScalar(stage.size * 6);
      ground.position.set(stage.middle[0], box.min.y, stage.middle[2]);
      ground.updateMatrixWorld();
      return positionsOf(current);
    },
    clear() {
      if (!current) return;
      model.remove(current);
      dispose(current);
      current = null;
    },
    dispose() {
      this.clear();
      studio.dispose();
    },
  };
}
